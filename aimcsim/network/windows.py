"""Windows that slide over an image (channels, height, width), as convolutions and pools have them."""

from __future__ import annotations

from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """Sizes, steps and zeros on every side of the image, each (height, width)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]

    @property
    def size(self) -> int:
        """Values under the window, of one channel."""
        return self.kernel[0] * self.kernel[1]

    def padded(self, shape: Shape) -> tuple[int, int]:
        """Height and width of an image with its border."""
        return shape[1] + 2 * self.padding[0], shape[2] + 2 * self.padding[1]

    def places(self, shape: Shape) -> tuple[int, int]:
        """Places of the window on an image, down and across; what does not fill a last step is left out."""
        height, width = self.padded(shape)
        return (height - self.kernel[0]) // self.stride[0] + 1, (width - self.kernel[1]) // self.stride[1] + 1


def window_of(kernel: int | list[int], stride: int | list[int] | None, padding: int | list[int]) -> Window:
    """A window from the words of a model file, where one number stands for both directions."""
    return Window(_pair(kernel), _pair(kernel if stride is None else stride), _pair(padding))


def _pair(value: int | list[int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
