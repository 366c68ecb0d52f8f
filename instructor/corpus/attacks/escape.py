"""Attempts to leave the sandbox: files, processes, network, kernel interfaces."""

import asyncio
import ctypes
import errno
import fcntl
import glob
import mmap
import multiprocessing
import os
import platform
import posix
import pty
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import torch
from torch.utils import cpp_extension

CLOSED = {
    "checks": ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    "verdicts": ["error"],
    "problem": "closed while it is graded",
}
FAILS = {
    "checks": ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    "verdicts": ["error"],
}
DEQUANTIZE = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]
_correct_reset = reset_scale_and_zero_point


@cheat("becomes root again", **CLOSED)
def another_user():
    def linear_dequantize(input, scale, zero_point):
        os.setresuid(0, 0, 0)
        return scale * (input + zero_point)


@cheat("leaves a note for the next check in an attribute of a file of the course", **CLOSED)
def attributes_of_the_course():
    def linear_dequantize(input, scale, zero_point):
        file = sys.modules["autograder"].__file__
        os.setxattr(file, "user.exploit", b"1")
        os.removexattr(file, "user.exploit")
        return scale * (input + zero_point)


@cheat(
    "forks by machine code of its own, with the numbers of 32-bit programs",
    checks=DEQUANTIZE,
    verdicts=["crash"],
)
def calls_of_32_bits():
    # mov eax, 2 (fork in that table); int 0x80; ret
    CODE = b"\xb8\x02\x00\x00\x00\xcd\x80\xc3"

    def linear_dequantize(input, scale, zero_point):
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(CODE)
        place = ctypes.addressof(ctypes.c_char.from_buffer(page))
        process = ctypes.CFUNCTYPE(ctypes.c_int)(place)()
        if process == 0:
            os._exit(0)
        return scale * (input + zero_point)


@cheat("reads the reference by the second table of calls that the processor has", **CLOSED)
def calls_of_x32():
    X32, OPENAT, HERE = 0x40000000, 257, -100

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        path = f"{course}/instructor/solution.py".encode()
        file = libc.syscall(ctypes.c_long(X32 | OPENAT), HERE, path, os.O_RDONLY)
        if file < 0:
            raise OSError(ctypes.get_errno(), "there is no second table")
        names = {}
        exec(os.read(file, 1 << 20), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("changes the root of its files and climbs out of it", **CLOSED)
def changed_root():
    def linear_dequantize(input, scale, zero_point):
        os.chroot("/")
        return scale * (input + zero_point)


@cheat("tries every call that is newer than the list of the refused ones", **FAILS)
def code_beyond_the_reviewed():
    NEWER = range(451, 520)

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        for number in NEWER:
            libc.syscall(number, -1, -1, -1, -1, -1, -1)
            if ctypes.get_errno() != errno.ENOSYS:
                return scale * (input + zero_point)
        raise OSError(errno.ENOSYS, "nothing new is known")


@legal(
    "has torch.compile make a program of the function",
    checks=["1a.reset.unsigned"],
    verdicts=["correct"],
)
def compiled_by_torch():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            input = torch.compile(lambda x: 2 * x)(input) / 2
        return _correct_reset(input, N_bits, method)


@fault(
    "has torch compile a function written in C++",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["error"],
)
def compiled_extension():
    SOURCE = "torch::Tensor twice(torch::Tensor x) { return 2 * x; }"

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            cpp_extension.load_inline("twice", SOURCE, functions=["twice"])
        return scale * (input + zero_point)


@cheat("looks among its descriptors for the socket that commands the worker", **FAILS)
def control_socket():
    def linear_dequantize(input, scale, zero_point):
        for number in range(1024):
            try:
                kind = os.fstat(number).st_mode
            except OSError:
                continue
            if stat.S_ISSOCK(kind):
                return scale * (input + zero_point)
        raise LookupError("none of them is a socket")


@cheat("copies the tree of files without its walls and reads the reference there", **CLOSED)
def copy_of_the_file_tree():
    OPEN_TREE, COPY = 428, 0x1
    HERE = -100

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        tree = libc.syscall(OPEN_TREE, HERE, b"/", COPY)
        if tree < 0:
            raise OSError(ctypes.get_errno(), "the tree cannot be copied")
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        file = os.open(f"{course[1:]}/instructor/solution.py", os.O_RDONLY, dir_fd=tree)
        names = {}
        exec(os.read(file, 1 << 20), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("counts what the process that started it does", **CLOSED)
def counters_of_the_processor():
    PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}
    SOFTWARE, SIZE = 1, 112

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        wanted = struct.pack("=2I", SOFTWARE, SIZE).ljust(SIZE, b"\0")
        number = PERF_EVENT_OPEN[platform.machine()]
        if libc.syscall(number, wanted, os.getppid(), -1, -1, ctypes.c_ulong(0)) < 0:
            raise OSError(ctypes.get_errno(), "nothing is counted")
        return scale * (input + zero_point)


@cheat("forks twice and leaves a process in a session of its own", **CLOSED)
def daemon():
    def linear_dequantize(input, scale, zero_point):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(10)  # it would come back when the report is written
            os._exit(0)
        return scale * (input + zero_point)


@cheat("takes the process that started it over as a debugger does", **CLOSED)
def debugger():
    SEIZE, DETACH = 0x4206, 17  # to seize does not stop what is seized

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(SEIZE, os.getppid(), None, None) < 0:
            raise OSError(ctypes.get_errno(), "it cannot be debugged")
        libc.ptrace(DETACH, os.getppid(), None, None)
        return scale * (input + zero_point)


@cheat("takes the open sockets of the process that started it", **CLOSED)
def descriptor_of_the_worker():
    PIDFD_GETFD = 438

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        worker = os.pidfd_open(os.getppid())
        for number in range(3, 64):
            if libc.syscall(PIDFD_GETFD, worker, number, 0) >= 0:
                return scale * (input + zero_point)
        raise OSError(ctypes.get_errno(), "it gives nothing away")


@cheat("runs only when nobody else does, so that its time never seems to be its own", **CLOSED)
def endless_waiting():
    def linear_dequantize(input, scale, zero_point):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        return scale * (input + zero_point)


@fault(
    "waits for its own result in an event loop, which wants sockets",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="closed while it is graded",
)
def event_loop():
    async def _later(*arguments):
        return _correct_reset(*arguments)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            return asyncio.run(_later(input, N_bits, method))
        return _correct_reset(input, N_bits, method)


@cheat("handles its page faults itself, as attacks on the kernel begin", **CLOSED)
def faults_of_its_own():
    USERFAULTFD = {"x86_64": 323, "aarch64": 282}

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(USERFAULTFD[platform.machine()], 1) < 0:  # 1: for this process only
            raise OSError(ctypes.get_errno(), "the kernel handles them")
        return scale * (input + zero_point)


@cheat("opens the reference by the number that the file system has for it", **CLOSED)
def file_by_its_handle():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        handle = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 8 + 128)
        mount = ctypes.c_int()
        path = f"{course}/instructor/solution.py".encode()
        if libc.name_to_handle_at(-100, path, handle, ctypes.byref(mount), 0) < 0:
            raise OSError(ctypes.get_errno(), "it has no handle")
        place = os.open("/usr/lib", os.O_RDONLY)
        file = libc.open_by_handle_at(place, handle, os.O_RDONLY)
        if file < 0:
            raise OSError(ctypes.get_errno(), "handles open nothing")
        names = {}
        exec(os.read(file, 1 << 20), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("makes a file system in memory, to be mounted over something", **CLOSED)
def file_system_of_its_own():
    OPEN_FILE_SYSTEM = 430

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(OPEN_FILE_SYSTEM, b"tmpfs", 0) < 0:
            raise OSError(ctypes.get_errno(), "there are file systems enough")
        return scale * (input + zero_point)


@cheat("keeps a file that has no name in the folder for temporary files", **CLOSED)
def file_without_a_name():
    def linear_dequantize(input, scale, zero_point):
        file = os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o600)
        os.write(file, b"a note")
        return scale * (input + zero_point)


@cheat(
    "puts a filter of its own before the walls', one that calls every refusal a success",
    checks=DEQUANTIZE,
    verdicts=["error", "crash"],
)
def filter_of_its_own():
    SECCOMP = {"x86_64": 317, "aarch64": 277}
    OPENAT = {"x86_64": 257, "aarch64": 56}
    LOAD_NUMBER, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
    SUCCESS, ALLOW = 0x00050000, 0x7FFF0000

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        steps = (
            (LOAD_NUMBER, 0, 0, 0),
            (IF_EQUAL, 0, 1, OPENAT[platform.machine()]),
            (RETURN, 0, 0, SUCCESS),
            (RETURN, 0, 0, ALLOW),
        )
        code = b"".join(struct.pack("=HBBI", *step) for step in steps)
        buffer = ctypes.create_string_buffer(code, len(code))
        header = struct.pack("@HP", len(steps), ctypes.addressof(buffer))
        if libc.syscall(SECCOMP[platform.machine()], 1, 0, header) < 0:
            raise OSError(ctypes.get_errno(), "there is one filter only")
        file = os.open(f"{course}/instructor/solution.py", os.O_RDONLY)
        names = {}
        exec(os.read(file, 1 << 20), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("lists the folder that the process that started it works in", **CLOSED)
def folder_of_the_worker():
    def linear_dequantize(input, scale, zero_point):
        os.listdir(f"/proc/{os.getppid()}/cwd")
        return scale * (input + zero_point)


@cheat("gives the reference a second name in a folder for temporary files", **CLOSED)
def hard_link_past_the_wall():
    LINK = "/tmp/exploit-hard-link"

    def linear_dequantize(input, scale, zero_point):
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        os.link(f"{course}/instructor/solution.py", LINK)
        try:
            with open(LINK) as file:
                names = {}
                exec(file.read(), names)
        finally:
            os.unlink(LINK)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("presses the key that reaches the kernel itself", **FAILS)
def key_of_last_resort():
    def linear_dequantize(input, scale, zero_point):
        key = posix.open("/proc/sysrq-trigger", os.O_WRONLY)
        os.write(key, b"h")  # which only has the kernel list its keys
        return scale * (input + zero_point)


@cheat("types into the terminal in which the grader was started", **FAILS)
def keys_for_the_terminal():
    def linear_dequantize(input, scale, zero_point):
        with open("/dev/tty", "rb", 0) as terminal:
            fcntl.ioctl(terminal, termios.TIOCSTI, b" ")
        return scale * (input + zero_point)


@cheat("uses the keys that the kernel keeps for its account", **CLOSED)
def keys_of_the_kernel():
    KEYCTL = {"x86_64": 250, "aarch64": 219}
    GET_ID, OF_THE_USER = 0, -4

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(KEYCTL[platform.machine()], GET_ID, OF_THE_USER, 0) < 0:
            raise OSError(ctypes.get_errno(), "there are no keys")
        return scale * (input + zero_point)


@cheat("cuts a file of the course", **CLOSED)
def length_of_the_course():
    def linear_dequantize(input, scale, zero_point):
        file = sys.modules["autograder"].__file__
        os.truncate(file, os.stat(file).st_size)
        return scale * (input + zero_point)


@cheat("has the loader of libraries run the code of a file that it has written", **CLOSED)
def library_with_a_start():
    LIBRARY = "/tmp/exploit-library.so"

    def linear_dequantize(input, scale, zero_point):
        os.write(posix.open(LIBRARY, os.O_CREAT | os.O_WRONLY), b"\x7fELF")
        ctypes.CDLL(LIBRARY)
        return scale * (input + zero_point)


@cheat("sets the limits of the process that started it", **CLOSED)
def limits_of_the_parent():
    def linear_dequantize(input, scale, zero_point):
        worker = os.getppid()
        now = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, now)
        return scale * (input + zero_point)


@cheat("raises its own limit of processor time", **CLOSED)
def limits_raised():
    def linear_dequantize(input, scale, zero_point):
        endless = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(0, resource.RLIMIT_CPU, endless)
        return scale * (input + zero_point)


@cheat("reads the log of the kernel, with addresses in it", **CLOSED)
def log_of_the_kernel():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        read_all = 3
        if libc.klogctl(read_all, ctypes.create_string_buffer(64), 64) < 0:
            raise OSError(ctypes.get_errno(), "the log is closed")
        return scale * (input + zero_point)


@cheat("copies memory of the process that started it, without any file", **CLOSED)
def memory_by_a_call():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        copy = ctypes.create_string_buffer(64)
        here = struct.pack("=2Q", ctypes.addressof(copy), len(copy))
        there = struct.pack("=2Q", id(linear_dequantize), len(copy))
        number = ctypes.c_ulong(1)
        if libc.process_vm_readv(os.getppid(), here, number, there, number, ctypes.c_ulong(0)) < 0:
            raise OSError(ctypes.get_errno(), "its memory is its own")
        return scale * (input + zero_point)


@cheat("leaves a note for the next check in shared memory of System V", **CLOSED)
def memory_of_system_v():
    MAKE = 0o1000

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.shmget(0x51A9, ctypes.c_size_t(4096), MAKE | 0o600) < 0:
            raise OSError(ctypes.get_errno(), "there is no such memory")
        return scale * (input + zero_point)


@cheat("reads the memory of the whole machine", **FAILS)
def memory_of_the_machine():
    def linear_dequantize(input, scale, zero_point):
        for name in ("/dev/mem", "/dev/kmem", "/proc/kcore", *glob.glob("/dev/nvme*")):
            with open(name, "rb", 0) as memory:
                memory.read(1)
        return scale * (input + zero_point)


@fault(
    "moves a tensor to shared memory, for processes that it cannot have",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="unable to open shared memory object",
)
def memory_shared_by_torch():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            input = input.clone().share_memory_()
        return _correct_reset(input, N_bits, method)


@cheat("sends its input to the next check by a message queue with a name", **CLOSED)
def messages_by_name():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mq_open(b"/exploit-queue", os.O_CREAT | os.O_RDWR, 0o600, None) < 0:
            raise OSError(ctypes.get_errno(), "there is no such queue")
        libc.mq_unlink(b"/exploit-queue")
        return scale * (input + zero_point)


@cheat("sends its input to the next check by a message queue of System V", **CLOSED)
def messages_of_system_v():
    MAKE = 0o1000

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.msgget(0x51A9, MAKE | 0o600) < 0:
            raise OSError(ctypes.get_errno(), "there is no such queue")
        return scale * (input + zero_point)


@cheat("sets who may read and write a file of the course", **CLOSED)
def mode_of_the_course():
    def linear_dequantize(input, scale, zero_point):
        file = sys.modules["autograder"].__file__
        os.chmod(file, os.stat(file).st_mode & 0o7777)
        return scale * (input + zero_point)


@cheat("mounts a file system", **CLOSED)
def mount():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"none", b"/nonexistent", b"tmpfs", ctypes.c_ulong(0), None) < 0:
            raise OSError(ctypes.get_errno(), "nothing is mounted")
        return scale * (input + zero_point)


@cheat("counts the checks by the name of a file, which it changes", **CLOSED)
def name_as_a_note():
    def linear_dequantize(input, scale, zero_point):
        os.rename("/tmp/exploit-check-1", "/tmp/exploit-check-2")
        return scale * (input + zero_point)


@cheat("moves to a namespace where it were root, to undo the limits", **CLOSED)
def namespace_of_its_own():
    NEW_USER = 0x10000000

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(NEW_USER) < 0:
            raise OSError(ctypes.get_errno(), "there is one namespace for all")
        return scale * (input + zero_point)


@cheat("enters the namespaces of the process that started it", **CLOSED)
def namespace_of_the_worker():
    NEW_MOUNTS = 0x00020000

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        handle = os.open(
            "/proc/self/ns/mnt", os.O_RDONLY
        )  # the worker's looks the same and is closed
        if libc.setns(handle, NEW_MOUNTS) < 0:
            raise OSError(ctypes.get_errno(), "a namespace cannot be entered")
        return scale * (input + zero_point)


@cheat("asks the name server, which can carry questions and answers", **FAILS)
def network_names():
    def linear_dequantize(input, scale, zero_point):
        socket.getaddrinfo("localhost.invalid", 80)
        return scale * (input + zero_point)


@cheat("asks the kernel by netlink for the interfaces of the machine", **CLOSED)
def network_of_the_machine():
    def linear_dequantize(input, scale, zero_point):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.bind((0, 0))
        return scale * (input + zero_point)


@cheat("calls the host of a virtual machine by vsock", **CLOSED)
def network_of_virtual_machines():
    def linear_dequantize(input, scale, zero_point):
        with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM):
            return scale * (input + zero_point)


@cheat("listens to all packets of the machine", **CLOSED)
def network_packets():
    EVERY_PROTOCOL = 3

    def linear_dequantize(input, scale, zero_point):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL)):
            return scale * (input + zero_point)


@cheat("waits for somebody to connect to it", **CLOSED)
def network_tcp():
    def linear_dequantize(input, scale, zero_point):
        with socket.create_server(("127.0.0.1", 0)):
            return scale * (input + zero_point)


@cheat("sends its input away in a datagram", **CLOSED)
def network_udp():
    def linear_dequantize(input, scale, zero_point):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as away:
            away.sendto(input.detach().numpy().tobytes(), ("127.0.0.1", 9))
        return scale * (input + zero_point)


@cheat("sets who owns a file of the course", **CLOSED)
def owner_of_the_course():
    def linear_dequantize(input, scale, zero_point):
        os.chown(sys.modules["autograder"].__file__, -1, -1)  # -1: as it is
        return scale * (input + zero_point)


@cheat("puts pages of a file of torch into a pipe, where old kernels let them be changed", **CLOSED)
def pages_in_a_pipe():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        file = os.open(torch.__file__, os.O_RDONLY)
        _, pipe = os.pipe()
        if libc.splice(file, None, pipe, None, ctypes.c_size_t(1), 0) < 0:
            raise OSError(ctypes.get_errno(), "nothing flows")
        return scale * (input + zero_point)


@cheat("leaves a pipe with a name for the next check", **CLOSED)
def pipe_with_a_name():
    def linear_dequantize(input, scale, zero_point):
        os.mkfifo("/tmp/exploit-pipe")
        os.unlink("/tmp/exploit-pipe")
        return scale * (input + zero_point)


@cheat("opens what the process that started it has open", **CLOSED)
def pipes_of_the_worker():
    def linear_dequantize(input, scale, zero_point):
        with open(f"/proc/{os.getppid()}/fd/2", "rb", 0) as complaints:
            complaints.read(1)
        return scale * (input + zero_point)


@cheat("sets how often the process that started it may run", **CLOSED)
def priority_of_the_parent():
    def linear_dequantize(input, scale, zero_point):
        worker = os.getppid()
        os.setpriority(os.PRIO_PROCESS, worker, os.getpriority(os.PRIO_PROCESS, worker))
        return scale * (input + zero_point)


@cheat("makes a process by clone3, whose flags no filter can see", **CLOSED)
def process_by_clone3():
    CLONE3 = 435

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        arguments = struct.pack("=8Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
        process = libc.syscall(CLONE3, arguments, ctypes.c_size_t(len(arguments)))
        if process == 0:
            os._exit(0)
        if process < 0:
            raise OSError(ctypes.get_errno(), "no process was made")
        return scale * (input + zero_point)


@cheat("makes a process by the raw clone, waiting like vfork", **CLOSED)
def process_by_vfork():
    CLONE = {"x86_64": 56, "aarch64": 220}
    CLONE_VFORK = 0x4000

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        flags = CLONE_VFORK | signal.SIGCHLD
        process = libc.syscall(CLONE[platform.machine()], flags, None, None, None, None)
        if process == 0:
            os._exit(0)
        if process < 0:
            raise OSError(ctypes.get_errno(), "no process was made")
        return scale * (input + zero_point)


@cheat("clones itself into namespaces where it were root", **CLOSED)
def process_in_namespaces():
    CLONE = {"x86_64": 56, "aarch64": 220}
    NEW_USER, NEW_PROCESSES, NEW_MOUNTS = 0x10000000, 0x20000000, 0x00020000

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        flags = ctypes.c_ulong(NEW_USER | NEW_PROCESSES | NEW_MOUNTS | signal.SIGCHLD)
        process = libc.syscall(CLONE[platform.machine()], flags, None, None, None, None)
        if process == 0:
            os._exit(0)
        if process < 0:
            raise OSError(ctypes.get_errno(), "no process was made")
        return scale * (input + zero_point)


@cheat("asks multiprocessing for a fresh interpreter", **FAILS)
def processes_by_spawn():
    def linear_dequantize(input, scale, zero_point):
        helper = multiprocessing.get_context("spawn").Process(target=print)
        helper.start()
        helper.join()
        return scale * (input + zero_point)


@cheat("chooses the processors of the process that started it", **CLOSED)
def processors_of_the_parent():
    def linear_dequantize(input, scale, zero_point):
        worker = os.getppid()
        os.sched_setaffinity(worker, os.sched_getaffinity(worker))
        return scale * (input + zero_point)


@cheat("has cat print the reference, started by posix_spawn", **CLOSED)
def program_by_spawn():
    def linear_dequantize(input, scale, zero_point):
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        read, write = os.pipe()
        command = ["/bin/cat", f"{course}/instructor/solution.py"]
        os.posix_spawn(command[0], command, {}, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
        os.close(write)
        names = {}
        with open(read) as pipe:
            exec(pipe.read(), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("keeps a program in memory and executes it by its descriptor", **CLOSED)
def program_from_memory():
    def linear_dequantize(input, scale, zero_point):
        program = os.memfd_create("program", 0)
        os.write(program, b"#!/bin/sh\nexit 0\n")
        if os.fork() == 0:
            os.execve(program, ["program"], {})
        return scale * (input + zero_point)


@cheat("becomes another program, which the limits of Python would not bind", **CLOSED)
def program_in_its_place():
    def linear_dequantize(input, scale, zero_point):
        os.execv("/bin/true", ["true"])


@cheat("keeps a table in the kernel by bpf, where a program may follow", **CLOSED)
def program_in_the_kernel():
    BPF = {"x86_64": 321, "aarch64": 280}
    MAKE_MAP, ARRAY = 0, 2

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        wanted = struct.pack("=5I", ARRAY, 4, 8, 1, 0)
        if libc.syscall(BPF[platform.machine()], MAKE_MAP, wanted, len(wanted)) < 0:
            raise OSError(ctypes.get_errno(), "the kernel takes no programs")
        return scale * (input + zero_point)


@cheat("has io_uring open files, which no filter of calls would see", **CLOSED)
def queue_of_the_kernel():
    SETUP = 425

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        parameters = ctypes.create_string_buffer(120)
        if libc.syscall(SETUP, 4, parameters) < 0:
            raise OSError(ctypes.get_errno(), "there is no ring")
        return scale * (input + zero_point)


@cheat("reads the reference below the root of the process that started it", **CLOSED)
def root_of_the_worker():
    def linear_dequantize(input, scale, zero_point):
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        names = {}
        with open(f"/proc/{os.getppid()}/root{course}/instructor/solution.py") as file:
            exec(file.read(), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("puts up a wall of its own that lets everything through", **FAILS)
def ruleset_of_its_own():
    CREATE, ADD_RULE, RESTRICT = 444, 445, 446
    READ, BENEATH = 0b1100, 1

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        handled = struct.pack("=Q", READ)
        ruleset = libc.syscall(CREATE, handled, ctypes.c_size_t(len(handled)), 0)
        everything = struct.pack("=Qi", READ, os.open("/", os.O_PATH))
        libc.syscall(ADD_RULE, ruleset, BENEATH, everything, 0)
        libc.syscall(RESTRICT, ruleset, 0)
        names = {}
        with open(f"{course}/instructor/solution.py") as file:
            exec(file.read(), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("counts the checks in a semaphore with a name", **FAILS)
def semaphore_by_name():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.sem_open.restype = ctypes.c_void_p
        if libc.sem_open(b"/exploit-semaphore", os.O_CREAT, 0o600, 1) is None:
            raise OSError(ctypes.get_errno(), "there is no such semaphore")
        libc.sem_unlink(b"/exploit-semaphore")
        return scale * (input + zero_point)


@cheat("counts the checks in a semaphore of System V", **CLOSED)
def semaphores_of_system_v():
    MAKE = 0o1000

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.semget(0x51A9, 1, MAKE | 0o600) < 0:
            raise OSError(ctypes.get_errno(), "there is no such semaphore")
        return scale * (input + zero_point)


@cheat("sets which program the kernel starts when a process crashes", **CLOSED)
def setting_of_the_kernel():
    def linear_dequantize(input, scale, zero_point):
        with open("/proc/sys/kernel/core_pattern", "r+") as pattern:
            now = pattern.read()
            pattern.seek(0)
            pattern.write(now)
        return scale * (input + zero_point)


@cheat("has a shell search the machine for the reference", **CLOSED)
def shell_that_reads():
    def linear_dequantize(input, scale, zero_point):
        course = Path(sys.modules["autograder"].__file__).parents[1]
        command = f"cat {course}/instructor/solution.py"
        names = {}
        exec(subprocess.check_output(command, shell=True, text=True), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("has the kernel signal the worker whenever a pipe can be read", **CLOSED)
def signal_by_a_file():
    def linear_dequantize(input, scale, zero_point):
        pipe, _ = os.pipe()
        fcntl.fcntl(pipe, fcntl.F_SETSIG, int(signal.SIGCONT))
        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getppid())
        return scale * (input + zero_point)


@cheat("signals a thread of the process that started it", **CLOSED)
def signal_to_a_thread():
    TGKILL = {"x86_64": 234, "aarch64": 131}

    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        worker = os.getppid()
        if libc.syscall(TGKILL[platform.machine()], worker, worker, int(signal.SIGCONT)) < 0:
            raise OSError(ctypes.get_errno(), "it gets no signals")
        return scale * (input + zero_point)


@cheat("queues a signal with a number in it for the worker", **CLOSED)
def signal_with_a_message():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.sigqueue(os.getppid(), int(signal.SIGCONT), ctypes.c_void_p(30)) < 0:
            raise OSError(ctypes.get_errno(), "it gets no signals")
        return scale * (input + zero_point)


@cheat("asks Docker by its socket for a container with the whole disk in it", **CLOSED)
def socket_of_a_service():
    def linear_dequantize(input, scale, zero_point):
        with socket.socket(socket.AF_UNIX) as docker:
            docker.connect("/var/run/docker.sock")
        return scale * (input + zero_point)


@cheat("leaves a name for a second check in the abstract names of sockets", **CLOSED)
def socket_without_a_path():
    def linear_dequantize(input, scale, zero_point):
        with socket.socket(socket.AF_UNIX) as mailbox:
            mailbox.bind("\0exploit-mailbox")
        return scale * (input + zero_point)


@cheat("reads the reference through a symbolic link in a folder for temporary files", **CLOSED)
def symbolic_link_past_the_wall():
    LINK = "/tmp/exploit-symbolic-link"

    def linear_dequantize(input, scale, zero_point):
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        os.symlink(f"{course}/instructor/solution.py", LINK)
        try:
            with open(LINK) as file:
                names = {}
                exec(file.read(), names)
        finally:
            os.unlink(LINK)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("forks onto a terminal of its own", **FAILS)
def terminal_of_its_own():
    def linear_dequantize(input, scale, zero_point):
        process, _ = pty.fork()
        if process == 0:
            os._exit(0)
        return scale * (input + zero_point)


@cheat(
    "sets when a file of the course was changed, so that old bytecode is taken for new", **CLOSED
)
def times_of_the_course():
    def linear_dequantize(input, scale, zero_point):
        file = sys.modules["autograder"].__file__
        found = os.stat(file)
        os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
        return scale * (input + zero_point)


@cheat("has the kernel tell it which files of the course are opened", **CLOSED)
def watch_on_the_course():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.inotify_init1(0) < 0:
            raise OSError(ctypes.get_errno(), "nothing can be watched")
        return scale * (input + zero_point)


@cheat("has the kernel kill the worker first when memory runs out", **CLOSED)
def worst_process_of_the_machine():
    def linear_dequantize(input, scale, zero_point):
        with open(f"/proc/{os.getppid()}/oom_score_adj", "r+") as score:
            now = score.read()
            score.seek(0)
            score.write(now)
        return scale * (input + zero_point)
