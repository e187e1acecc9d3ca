"""Network namespaces with one TUN device each, by system calls: made, held by descriptors, entered.

A namespace lives as long as somebody holds it: the descriptors of the process that made it, or programs that run in it.
So whatever kills that process, namespace, device and addresses go with it, without anybody's help (namespaces(7)). Only
what has a name in /run/netns is more than a descriptor; see `emulations`.

Rights: CAP_SYS_ADMIN and CAP_NET_ADMIN, as root has; or a user namespace of our own, in which anybody has them
(user_namespaces(7)), where the kernel lets people make one. Both need /dev/net/tun.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from orbitalcloud.core import Refused, Why

TUN = Path("/dev/net/tun")
DEVICE = "orb0"
MTU = 1500

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000  # <linux/sched.h>
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 4096, 16384, 1 << 18, 2  # <linux/mount.h>, <sys/mount.h>
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # <linux/if_tun.h>
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCSIFMTU, _SIOCGIFINDEX = (
    0x8914,
    0x8916,
    0x891C,
    0x8922,
    0x8933,
)  # <linux/sockios.h>
_IFF_UP = 0x1  # <linux/if.h>
_CAP_NET_ADMIN, _CAP_SYS_ADMIN = 12, 21  # <linux/capability.h>

Rights = Literal["root", "user"]
"""As whom namespaces are made: with the machine's own capabilities, or with those of a user namespace."""
Result = TypeVar("Result")

_libc = ctypes.CDLL(None, use_errno=True)


def rights(unprivileged: bool = False) -> Rights:
    """What this process may make namespaces with; `unprivileged` asks for the lesser even where there is more.

    `Refused` says what is missing and who could give it.
    """
    if sys.platform != "linux":
        raise _refused("network namespaces are Linux's")
    if not TUN.exists():
        raise _refused(f"{TUN} is missing: `modprobe tun`, or give the container the device (--device {TUN})")
    if not os.access(TUN, os.R_OK | os.W_OK):
        raise _refused(f"{TUN} may not be opened by this user: it has to be readable and writable")
    if not unprivileged and _capable(_CAP_NET_ADMIN) and _capable(_CAP_SYS_ADMIN):
        return "root"
    return "user"


def _capable(capability: int) -> bool:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    effective = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> capability & 1)


def enter_own_user_namespace() -> None:
    """From here on this process is root of a user namespace of its own. Only before it has threads (numpy starts some).

    `Refused` where the kernel does not let it.
    """
    uid, gid = os.geteuid(), os.getegid()
    try:
        _call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
        with suppress(OSError):  # root of the parent may leave it out, nobody else may
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")
    except OSError as error:
        raise _refused(
            f"this user may not make a user namespace ({error.strerror}): run it as root (or with CAP_SYS_ADMIN and "
            "CAP_NET_ADMIN), or let people make them (sysctl kernel.unprivileged_userns_clone=1, "
            "user.max_user_namespaces above 0, kernel.apparmor_restrict_unprivileged_userns=0)"
        ) from None


def _refused(text: str) -> Refused:
    return Refused(Why(False, "rights", text))


@dataclass(slots=True)
class Namespace:
    """A node's own network: descriptors of the namespace and of its TUN device, which gives and takes IP packets."""

    node: str
    file: int
    tun: int
    has_ipv6: bool

    def close(self) -> None:
        """Let go: unless a program still runs in it, the kernel takes it down."""
        os.close(self.tun)
        os.close(self.file)


def make(node: str, ipv4: str, bits_4: int, ipv6: str, bits_6: int) -> Namespace:
    """A namespace of its own for `node`, with these addresses and nothing else. `Refused` where it is not allowed."""

    def build() -> Namespace:
        _call("unshare", CLONE_NEWNET)
        file = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            tun = _device(ipv4, bits_4)
        except OSError:
            os.close(file)
            raise
        try:
            _second_address(ipv6, bits_6)
            has_ipv6 = True
        except OSError:  # a kernel without IPv6
            has_ipv6 = False
        return Namespace(node, file, tun, has_ipv6)

    try:
        return _apart(build)
    except OSError as error:
        raise _refused(f"no network namespace can be made: {error.strerror}; root can, or CAP_SYS_ADMIN") from None


def _apart(work: Callable[[], Result]) -> Result:
    """Do it in a thread of its own: a namespace that is entered there is nobody else's."""
    done: list[Result] = []
    failed: list[BaseException] = []

    def body() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=body, name="orbital-namespace")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def _device(ipv4: str, bits: int) -> int:
    """A TUN device in the current namespace, up, with its address; and the loopback."""
    tun = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(tun, _TUNSETIFF, _request(DEVICE, struct.pack("H", _IFF_TUN | _IFF_NO_PI)))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            mask = socket.inet_ntoa(((0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF).to_bytes(4, "big"))
            for what, text in ((_SIOCSIFADDR, ipv4), (_SIOCSIFNETMASK, mask)):
                if what == _SIOCSIFNETMASK:
                    fcntl.ioctl(control, _SIOCSIFMTU, _request(DEVICE, struct.pack("i", MTU)))
                fcntl.ioctl(control, what, _request(DEVICE, _address_4(text)))
            for name in ("lo", DEVICE):
                fcntl.ioctl(control, _SIOCSIFFLAGS, _request(name, struct.pack("H", _IFF_UP)))
    except OSError:
        os.close(tun)
        raise
    return tun


def _second_address(ipv6: str, bits: int) -> None:
    """An IPv6 address beside the other, without the announcements that a new address makes on a real network."""
    for key, value in (("accept_dad", "0"), ("router_solicitations", "0"), ("addr_gen_mode", "1")):
        with suppress(OSError):
            Path(f"/proc/sys/net/ipv6/conf/{DEVICE}/{key}").write_text(value, encoding="ascii")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
        index = struct.unpack_from("i", fcntl.ioctl(control, _SIOCGIFINDEX, _request(DEVICE, b"")), 16)[0]
        wanted = socket.inet_pton(socket.AF_INET6, ipv6) + struct.pack("Ii", bits, index)  # struct in6_ifreq
        fcntl.ioctl(control, _SIOCSIFADDR, wanted)


def _request(name: str, value: bytes) -> bytes:
    """struct ifreq of <linux/if.h>: a name of 16 bytes and a union of 24."""
    return struct.pack("16s24s", name.encode(), value)


def _address_4(text: str) -> bytes:
    return struct.pack("H2s4s", socket.AF_INET, b"", socket.inet_aton(text))


# Going in -------------------------------------------------------------------------------------------------------------


def join(process: int, namespace_file: int, user: bool) -> None:
    """Move this process into a namespace that another one holds; before it has threads. `OSError` where it may not."""
    files = [(f"/proc/{process}/ns/user", CLONE_NEWUSER)] if user else []
    files.append((f"/proc/{process}/fd/{namespace_file}", CLONE_NEWNET))
    opened = [(os.open(place, os.O_RDONLY | os.O_CLOEXEC), kind) for place, kind in files]
    for file, kind in opened:
        _call("setns", file, kind)
        os.close(file)


def over(covers: dict[Path, Path]) -> None:
    """For this process and its children only, each file stands in the place of another (file → place)."""
    _call("unshare", CLONE_NEWNS)
    _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    for file, place in covers.items():
        if place.exists():
            _call("mount", os.fsencode(file), os.fsencode(place.resolve()), None, MS_BIND, None)


def pin(namespace_file: int, place: Path) -> None:
    """Give a namespace a name in the file system, as ip-netns(8) does."""
    os.close(os.open(place, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
    _call("mount", f"/proc/self/fd/{namespace_file}".encode(), os.fsencode(place), None, MS_BIND, None)


def unpin(place: Path) -> None:
    """Take the name away."""
    with suppress(OSError):  # no mount: then it is only a file
        _call("umount2", os.fsencode(place), MNT_DETACH)
    place.unlink(missing_ok=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
