"""aimcsim's crossbar against a running aihwkit: `python -m tests.crossbar.against_aihwkit`.

Needs AIHWKIT_PYTHON, the interpreter of an environment with aihwkit (1.2.0 was used); tests are skipped without it.
Both sides run the same protocols (`protocols.py`) on the same devices, trains and converters (`devices.py`,
`settings.py`), each through its own adapter (`our_side.py`, `aihwkit_side.py`); `agreement.py` compares the samples.
"""
