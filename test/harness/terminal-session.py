"""Runs a command on a terminal of its own. Usage: terminal-session.py ANSWERS.json COMMAND...

ANSWERS is a list of [text, answer]: when the text has appeared, the answer is typed. What the terminal showed goes to
standard output, the command's exit code is ours.
"""
import json
import os
import pty
import select
import sys
import time

answers = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown, seen, ends = b"", 0, time.monotonic() + 40
while time.monotonic() < ends:
    if not select.select([terminal], [], [], 1)[0]:
        continue
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    if answers and answers[0][0].encode() in shown[seen:]:
        seen = len(shown)
        time.sleep(0.2)
        os.write(terminal, answers.pop(0)[1].encode())
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
