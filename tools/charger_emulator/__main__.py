"""`python -m charger_emulator`."""

from .cli import emulate

if __name__ == "__main__":
    emulate()
