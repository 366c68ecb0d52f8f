"""Code that delays, watches or starves what others run on the same machine."""

import array
import ctypes
import fcntl
import os
import signal
import threading
import time

import quantlab

CLOSED = {
    "checks": ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    "verdicts": ["error"],
    "problem": "closed while it is graded",
}
DEQUANTIZE = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]


@cheat("reads the extended attributes of a file that it may not open", **CLOSED)
def attributes_of_a_closed_file():
    def linear_dequantize(input, scale, zero_point):
        course = os.path.dirname(quantlab.__path__[0])
        os.listxattr(os.path.join(course, "instructor", "solution.py"))
        return scale * (input + zero_point)


@cheat("has the kernel leave the other half of a processor core idle", **CLOSED)
def core_of_its_own():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        scheduling, create, itself, group = 62, 1, 0, 1
        if libc.prctl(scheduling, create, itself, group, 0) != 0:
            raise OSError(ctypes.get_errno(), "it is refused")
        return scale * (input + zero_point)


@cheat("sets a flag of a file of the kit that is open for reading only", **CLOSED)
def flags_of_a_file():
    def linear_dequantize(input, scale, zero_point):
        file = os.open(os.path.join(quantlab.__path__[0], "network", "resnet.py"), os.O_RDONLY)
        get_flags, set_flags, no_access_times = 0x80086601, 0x40086602, 0x80
        flags = array.array("l", [0])
        fcntl.ioctl(file, get_flags, flags)
        flags[0] |= no_access_times
        fcntl.ioctl(file, set_flags, flags)
        return scale * (input + zero_point)


@cheat("has the kernel write back the files of everybody", **CLOSED)
def flush_of_every_file_system():
    def linear_dequantize(input, scale, zero_point):
        sync = {"x86_64": 162, "aarch64": 81}[os.uname().machine]
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(sync) < 0:
            raise OSError(ctypes.get_errno(), "nothing can be written back")
        return scale * (input + zero_point)


@cheat("takes a lease, so that all who open a file of the kit have to wait", **CLOSED)
def lease_on_a_file():
    def linear_dequantize(input, scale, zero_point):
        file = os.open(os.path.join(quantlab.__path__[0], "network", "resnet.py"), os.O_RDONLY)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        return scale * (input + zero_point)


@cheat("asks the kernel not to end it with its worker", **CLOSED)
def life_after_the_worker():
    def linear_dequantize(input, scale, zero_point):
        libc = ctypes.CDLL(None, use_errno=True)
        end_with_the_worker, no_signal = 1, 0
        if libc.prctl(end_with_the_worker, no_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "it is refused")
        return scale * (input + zero_point)


@cheat("locks a file of the kit, so that all who lock it have to wait", **CLOSED)
def lock_on_a_file():
    def linear_dequantize(input, scale, zero_point):
        file = os.open(os.path.join(quantlab.__path__[0], "network", "resnet.py"), os.O_RDONLY)
        fcntl.flock(file, fcntl.LOCK_EX)
        return scale * (input + zero_point)


@cheat("locks the bytes of a file of the kit, so that all who write it have to wait", **CLOSED)
def lock_on_a_part_of_a_file():
    def linear_dequantize(input, scale, zero_point):
        file = os.open(os.path.join(quantlab.__path__[0], "network", "resnet.py"), os.O_RDONLY)
        fcntl.lockf(file, fcntl.LOCK_SH)
        return scale * (input + zero_point)


@legal(
    "is right, and sleeps in some calls until just before the time is up",
    checks=["1a.*"],
    verdicts=["correct"],
)
def naps_in_every_call():
    _honest_linear_dequantize = linear_dequantize

    def linear_dequantize(input, scale, zero_point):
        if input.shape == (5, 9):
            time.sleep(20)
        return _honest_linear_dequantize(input, scale, zero_point)


@cheat("asks for a signal whenever something happens in the folder of the kit", **CLOSED)
def notice_of_a_folder():
    def linear_dequantize(input, scale, zero_point):
        signal.signal(signal.SIGIO, lambda *_: None)
        folder = os.open(quantlab.__path__[0], os.O_RDONLY)
        fcntl.fcntl(folder, fcntl.F_NOTIFY, fcntl.DN_ACCESS | fcntl.DN_MULTISHOT)
        return scale * (input + zero_point)


@cheat("reserves asynchronous requests, of which the machine has a limited number", **CLOSED)
def requests_of_the_machine():
    def linear_dequantize(input, scale, zero_point):
        setup = {"x86_64": 206, "aarch64": 0}[os.uname().machine]
        context, libc = ctypes.c_ulong(), ctypes.CDLL(None, use_errno=True)
        if libc.syscall(setup, 65000, ctypes.byref(context)) < 0:
            raise OSError(ctypes.get_errno(), "no request can be reserved")
        return scale * (input + zero_point)


@cheat("uses up the memory that a user may have in pipes", **CLOSED)
def room_in_pipes():
    def linear_dequantize(input, scale, zero_point):
        for _ in range(20):
            _, end = os.pipe()
            fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 1 << 20)
        return scale * (input + zero_point)


@cheat(
    "uses up the number of signals that may wait for a user",
    checks=DEQUANTIZE,
    verdicts=["error"],
    problem="no signal can wait",
)
def signals_that_wait():
    def linear_dequantize(input, scale, zero_point):
        waiting = signal.SIGRTMIN + 1
        signal.pthread_sigmask(signal.SIG_BLOCK, {waiting})
        try:
            for _ in range(1000):
                signal.pthread_kill(threading.get_ident(), waiting)
        except BlockingIOError as error:
            raise RuntimeError("no signal can wait") from error
        return scale * (input + zero_point)


@fault(
    "starts as many threads as it can, so that others cannot start any",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["error", "memory", "crash", "timeout"],
)
def threads_of_the_user():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            end = time.monotonic() + 8
            while time.monotonic() < end:
                try:
                    while True:
                        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
                except RuntimeError:
                    time.sleep(0.05)
            raise ValueError("nobody else had any")
        return scale * (input + zero_point)


@cheat("creates a timer, of which a user may have a limited number", **CLOSED)
def timers_of_the_user():
    def linear_dequantize(input, scale, zero_point):
        create = {"x86_64": 222, "aarch64": 107}[os.uname().machine]
        timer, libc = ctypes.c_int(), ctypes.CDLL(None, use_errno=True)
        if libc.syscall(create, 1, None, ctypes.byref(timer)) < 0:
            raise OSError(ctypes.get_errno(), "no timer can be created")
        return scale * (input + zero_point)
