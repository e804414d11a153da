"""What the family scripts share: `SCRIPT OURS THEIRS` verifies the lines of OURS, and adds its own values to THEIRS."""

import json
import sys

OURS = {line["scheme"]: line for line in map(json.loads, open(sys.argv[1], encoding="utf-8"))}
problems, verified = [], 0


def ours(scheme, verify):
    """One of our values, which `verify(password, hash, line)` says yes to, and no for another password."""
    global verified
    line = OURS[scheme]
    password = line["password"]
    try:
        right, wrong = verify(password, line["hash"], line), verify("x" + password, line["hash"], line)
    except Exception as error:  # A library that can't read the value at all.
        right, wrong = repr(error), False
    if right is not True or wrong is True:
        problems.append(f"{scheme} {line['hash']}: {right}, another password {wrong}")
    verified += 1


def theirs(scheme, stored, password=None, **beside):
    """One of the original's values."""
    line = {"scheme": scheme, "hash": stored, "password": password or OURS[scheme]["password"], **beside}
    with open(sys.argv[2], "a", encoding="utf-8") as out:
        out.write(json.dumps(line, ensure_ascii=False) + "\n")


def end(name):
    print(f"== password writers: {name} verified {verified - len(problems)} of our schemes")
    if problems:
        sys.exit("\n".join(problems))
