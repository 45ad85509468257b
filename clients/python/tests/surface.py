#!/usr/bin/env python3
"""Prints the public verbs of this client as JSON: of a question, of a consortium, and the options of asking."""

import inspect
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from secagg import Consortium, Dataset


def verbs(of):
    """Public methods."""
    return sorted(name for name, value in inspect.getmembers(of, inspect.isfunction) if not name.startswith("_"))


print(json.dumps({"question": verbs(Dataset), "consortium": verbs(Consortium), "asking": [name for name in inspect.signature(Consortium.ask).parameters if name not in ("self", "query")]}))
