# SPDX-License-Identifier: GPL-2.0-or-later
"""What a shell would offer for the last of some words, with the completion that is shipped."""
from __future__ import annotations

import os
import pty
import select
import subprocess
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds until a shell that does not answer has failed

# What bash-completion has, in the little that is used of it.
BASH = """
_init_completion() {{
  cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
  words=("${{COMP_WORDS[@]}}") cword=$COMP_CWORD
}}
_filedir() {{ COMPREPLY=(FILE); }}
_available_interfaces() {{ COMPREPLY=(INTERFACE); }}
. '{file}'
COMP_WORDS=({words}) COMP_CWORD={last}
{function}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

# zsh completes in its line editor only, so it gets a terminal. What would be listed is written to a file instead.
ZSH = r"""
PROMPT= RPS1= PS2= ; unsetopt PROMPT_SP ; LISTMAX=10000
fpath=('{folder}' $fpath)
autoload -Uz compinit && compinit -D -u
bindkey '^I' expand-or-complete
zstyle ':completion:*' use-cache no
compadd() {{
  if [[ ${{@[1,(i)(-|--)]}} == *-[OAD]* ]]; then builtin compadd "$@"; return; fi
  local -a offered
  builtin compadd -A offered "$@"
  print -rl -- $offered >>'{offered}'
  builtin compadd "$@"
}}
offered_all() {{ print -r -- >'{done}'; }}
comppostfuncs=(offered_all)
print -r -- >'{ready}'
"""


def bash(program: str, *words: str, folder: Path = SOURCE / "packaging/completion") -> set[str]:
    text = BASH.format(file=folder / program, last=len(words), function=f"_{program.replace('-', '_')}",
                       words=" ".join(f"'{word}'" for word in (program, *words)))
    return set(subprocess.run(["bash", "-euc", text], capture_output=True, text=True, check=True).stdout.split())


def zsh(program: str, *words: str) -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("start", "offered", "done", "ready")}
        files["start"].write_text(ZSH.format(folder=SOURCE / "packaging/completion/zsh", **files))
        files["offered"].touch()
        child, terminal = pty.fork()
        if child == 0:
            os.environ |= {"TERM": "dumb", "HOME": folder, "LC_ALL": "C.UTF-8"}
            os.execvp("zsh", ["zsh", "-f", "-i"])
        try:
            # A program that is not in the PATH is completed all the same.
            os.write(terminal, f". '{files['start']}'\n".encode())
            wait_for(files["ready"], terminal)
            os.write(terminal, (" ".join((program, *words)) + "\t").encode())
            wait_for(files["done"], terminal)
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)
            os.close(terminal)
        return {word.rstrip(" =") for word in files["offered"].read_text().splitlines() if word}


def wait_for(file: Path, terminal: int) -> None:
    """Reads what the shell writes meanwhile, which is lost."""
    end = time.monotonic() + PATIENCE
    seen = b""
    while not file.exists():
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 65536)
        if time.monotonic() > end:
            raise TimeoutError(f"{file.name}: zsh does not answer; it wrote:\n{seen.decode(errors='replace')}")
