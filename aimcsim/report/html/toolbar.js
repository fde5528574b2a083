// Buttons above the timelines, the slider that shows where in the run the view is, and the list of keys.

function startToolbar(page) {
  const { view } = page;
  const press = (id, action) => document.getElementById(id).addEventListener("click", action);
  press("zoom-in", () => view.zoom(2));
  press("zoom-out", () => view.zoom(0.5));
  press("zoom-all", () => view.whole());
  press("show-keys", (event) => page.toggleHelp(event.currentTarget));
  const list = document.getElementById("key-list");
  for (const [keys, words] of KEYS) {
    const names = keys.split(" ").flatMap((key) => [create("kbd", {}, key), " "]);
    list.append(create("dt", {}, ...names), create("dd", {}, words));
  }
  document.getElementById("keys").addEventListener("keydown", (event) => {
    if (event.key === "?") event.currentTarget.close();
  });
  const slider = document.getElementById("slider");
  const thumb = slider.firstElementChild;
  const range = document.getElementById("range");
  const showRange = () => {
    const whole = view.most - view.least;
    thumb.style.left = `${(100 * (view.first - view.least)) / whole}%`;
    thumb.style.width = `${(100 * view.span) / whole}%`;
    range.textContent = `cycles ${grouped(Math.floor(view.first))} to ${grouped(Math.ceil(view.end))} of ${grouped(view.most)}`;
  };
  view.listeners.push(showRange);
  showRange();
  const move = (event) => {
    if (event.buttons !== 1) return;
    const box = slider.getBoundingClientRect();
    const middle = view.least + ((event.clientX - box.left) / box.width) * (view.most - view.least);
    view.show(middle - view.span / 2, middle + view.span / 2);
  };
  slider.addEventListener("pointerdown", (event) => {
    slider.setPointerCapture(event.pointerId);
    move(event);
  });
  slider.addEventListener("pointermove", move);
}
