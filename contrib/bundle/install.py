"""Installs reminder from the folder in which this file lies, without any network.

    python3 install.py [DIR]

Versions lie side by side in DIR/versions, each an environment of its own; DIR/current is the one
in force, and DIR/bin/reminder leads to it. What goes wrong before that link moves changes nothing.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "reminder 需要 Python 3.11 或更高版本，当前为 %d.%d。请用 python3.11 执行。\n"
        "reminder needs Python 3.11 or later, this is %d.%d. Try: python3.11 install.py"
        % (sys.version_info[:2] * 2)
    )

import fcntl
import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import venv
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORDS = {
    "usage": (
        "用法：python3 install.py [目录]",
        "usage: python3 install.py [DIR]",
    ),
    "python": (
        "本安装包适用于 Python {pythons}，当前为 {this}。",
        "This bundle is for Python {pythons}, and this is {this}.",
    ),
    "machine": (
        "本安装包适用于 {machines} 的 Linux（glibc {glibc} 以上），当前为 {this}。",
        "This bundle is for Linux with glibc {glibc} or later on {machines}, and this is {this}.",
    ),
    "damaged": (
        "安装包不完整或已被改动：{file}。请重新复制安装包。",
        "The bundle is damaged or was changed: {file}. Copy it anew.",
    ),
    "foreign": (
        "{place} 已有别的内容，请换一个目录。",
        "{place} holds something else. Name another folder.",
    ),
    "busy": (
        "另一个安装正在 {place} 进行。",
        "Another installation into {place} is running.",
    ),
    "unwritable": (
        "{place} 无法写入：{why}。",
        "{place} cannot be written: {why}.",
    ),
    "failed": (
        "安装没有完成：{why}",
        "The installation failed: {why}",
    ),
    "unchanged": (
        "原有版本没有变动，可以继续使用。",
        "The version that was there before is unchanged and goes on working.",
    ),
    "installing": (
        "正在把 reminder {version} 安装到 {place} ……",
        "Installing reminder {version} into {place} ...",
    ),
    "installed": (
        "已安装。命令：{command}",
        "Installed. The command is {command}",
    ),
    "first": (
        "下一步：{command} init 目录（新建配置），然后 {command} run --config 目录。"
        "说明见 README.zh-CN.md。",
        "Next: {command} init FOLDER makes the settings, then {command} run --config FOLDER. "
        "See README.md.",
    ),
    "upgraded": (
        "已从 {old} 升级。正在运行的服务请重新启动（systemctl restart reminder）；"
        "旧版本保留在 {place}，下次升级时删除。",
        "Upgraded from {old}. Restart a service that runs (systemctl restart reminder). "
        "The old version stays in {place} until the next upgrade.",
    ),
}


class RefusedError(Exception):
    """With words for whoever installs."""


def say(name, **facts):
    chosen = (os.environ.get(key) for key in ("LC_ALL", "LC_MESSAGES", "LANG"))
    is_chinese = next(filter(None, chosen), "").lower().startswith("zh")
    return WORDS[name][0 if is_chinese else 1].format(**facts)


def main(words):
    os.umask(0o022)  # whoever runs the service reads it
    try:
        place = target(words)
        bundle = json.loads(checked("bundle.json"))
        refuse_other_machines(bundle)
        for name in checksums():
            checked(name)
        with locked(place):
            install(bundle["version"], place)
    except RefusedError as error:
        sys.exit(str(error))


def target(words):
    if len(words) > 1 or any(word.startswith("-") for word in words):
        raise RefusedError(say("usage"))
    usual = "/opt/reminder" if os.geteuid() == 0 else "~/.local/lib/reminder"
    try:
        return Path(*words or [usual]).expanduser().absolute()
    except RuntimeError as error:  # somebody without a home
        raise RefusedError(say("usage")) from error


def checksums():
    """By name, of all files of the bundle but the list itself."""
    try:
        lines = (HERE / "SHA256SUMS").read_text("utf-8").splitlines()
    except OSError as error:
        raise RefusedError(say("damaged", file="SHA256SUMS")) from error
    return {name: value for value, _, name in (line.partition("  ") for line in lines)}


def checked(name):
    """The file's bytes, when they are what they were."""
    try:
        content = (HERE / name).read_bytes()
    except OSError as error:
        raise RefusedError(say("damaged", file=name)) from error
    if checksums().get(name) != hashlib.sha256(content).hexdigest():
        raise RefusedError(say("damaged", file=name))
    return content


def refuse_other_machines(bundle):
    this = "%d.%d" % sys.version_info[:2]
    if this not in bundle["pythons"] or platform.python_implementation() != "CPython":
        raise RefusedError(say("python", pythons=", ".join(bundle["pythons"]), this=this))
    name, version = platform.libc_ver()
    number = tuple(int(part) for part in version.split(".") if part.isdigit())
    known = name == "glibc" and number >= tuple(bundle["glibc"])
    if platform.machine() not in bundle["machines"] or not known:
        raise RefusedError(
            say(
                "machine",
                machines=", ".join(bundle["machines"]),
                glibc=".".join(map(str, bundle["glibc"])),
                this=" ".join((platform.system(), platform.machine(), name, version)).strip(),
            )
        )


@contextmanager
def locked(place):
    """Ours alone while it lasts; a folder of somebody else is left alone."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        is_foreign = not (place / "versions").is_dir() and any(place.iterdir())
        handle = os.open(place, os.O_RDONLY)
    except OSError as error:
        raise RefusedError(say("unwritable", place=place, why=error.strerror)) from error
    if is_foreign:
        raise RefusedError(say("foreign", place=place))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise RefusedError(say("busy", place=place)) from error
    finally:
        os.close(handle)


def install(version, place):
    current = place / "current"
    old = current.resolve() if current.is_symlink() else None
    print(say("installing", version=version, place=place), flush=True)
    new = None
    try:
        (place / "versions").mkdir(exist_ok=True)
        new = free_name(place / "versions", version)
        fill(new)
        for name in (Path("bin", "reminder"), Path("share", "man", "man1", "reminder.1")):
            turn(place / name, Path("../" * (len(name.parts) - 1), "current", name))
        turn(current, Path("versions", new.name))
    except (OSError, subprocess.CalledProcessError) as error:
        if new:
            shutil.rmtree(new, ignore_errors=True)
        why = [say("failed", why=error), *([say("unchanged")] if old else [])]
        raise RefusedError("\n".join(why)) from error
    forget(place / "versions", (new, old))
    command = shlex.quote(str(place / "bin" / "reminder"))
    print(say("installed", command=command))
    print(say("upgraded", old=old.name, place=old) if old else say("first", command=command))


def free_name(versions, version):
    """Never one that is there: a daemon may run from it, and an environment cannot be moved."""
    number = 1
    while True:
        folder = versions / (version if number == 1 else "%s-%d" % (version, number))
        with suppress(FileExistsError):
            folder.mkdir()
            return folder
        number += 1


def fill(folder):
    """By the bundle's own pip: Debian's Python comes without one."""
    venv.EnvBuilder(symlinks=True).create(folder)
    python = str(folder / "bin" / "python")
    (pip,) = (HERE / "wheels").glob("pip-*.whl")
    run = [python, str(pip / "pip"), "install", "--quiet", "--no-index", "--require-hashes"]
    run += ["--no-cache-dir", "--disable-pip-version-check", "--no-deps"]
    run += ["--find-links", str(HERE / "wheels"), "--requirement", str(HERE / "requirements.txt")]
    # Of what this machine has set for Python and pip nothing counts here.
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    environ.update(PIP_CONFIG_FILE=os.devnull, HOME=str(folder))  # pip wants one, of whomever
    for command in (run, [python, "-c", "import reminder.cli, reminder.daemon"]):
        subprocess.run(command, check=True, env=environ, cwd=folder)  # noqa: S603 - our own words


def turn(link, to):
    """In one step: there is no moment without it."""
    link.parent.mkdir(parents=True, exist_ok=True)
    new = link.with_name("." + link.name)
    with suppress(FileNotFoundError):
        new.unlink()
    new.symlink_to(to)
    new.replace(link)


def forget(versions, kept):
    for folder in versions.iterdir():
        if folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
