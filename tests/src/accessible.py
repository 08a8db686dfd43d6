"""What a screen reader does: finds what a window offers by its name, presses it, or tells where it is.

    accessible.py list                 every name, one a line, with its role
    accessible.py press NAME           presses the button of that name
    accessible.py where NAME           the middle of what has that name, as X and Y on the screen

A NAME that ends in "…" stands for every name that begins so. Waits up to ten seconds for it to appear.
"""

import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

PROGRAM = "sotto-tray"
PATIENCE = 10.0


def children(node):
    """The children of a node; one that has just gone has none."""
    try:
        return [node.get_child_at_index(i) for i in range(node.get_child_count())]
    except GLib.Error:
        return []


def below(node):
    """Everything below a node, parents first."""
    for child in children(node):
        if child is not None:
            yield child
            yield from below(child)


def everything():
    """Everything that our windows offer. Asked anew each time: what a library keeps may be out of date."""
    desktop = Atspi.get_desktop(0)
    desktop.clear_cache()
    for program in children(desktop):
        if program is not None and program.get_name() == PROGRAM:
            program.clear_cache()
            yield from below(program)


def named(name):
    """The first of that name that can be seen, or None."""
    for node in everything():
        try:
            called = node.get_name()
            if called == name or (name.endswith("…") and called.startswith(name[:-1])):
                return node
        except GLib.Error:
            continue
    return None


def awaited(name):
    """The one of that name, once it is there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        node = named(name)
        if node is not None:
            return node
        time.sleep(0.05)
    names = sorted({node.get_name() for node in everything()})
    sys.exit(f"nothing is called {name!r}; there is {names}")


def press(name):
    """Presses the button of that name. A program that starts itself anew is gone before it can say that it was."""
    try:
        if not awaited(name).do_action(0):
            sys.exit(f"{name!r} cannot be pressed")
    except GLib.Error as error:
        if "disconnected" not in error.message:
            raise


def main():
    wish, rest = sys.argv[1], sys.argv[2:]
    if wish == "list":
        for node in everything():
            print(f"{node.get_role_name()}\t{node.get_name()}")
    elif wish == "press":
        press(rest[0])
    elif wish == "where":
        box = awaited(rest[0]).get_extents(Atspi.CoordType.SCREEN)
        print(box.x + box.width // 2, box.y + box.height // 2)
    else:
        sys.exit(__doc__)


main()
