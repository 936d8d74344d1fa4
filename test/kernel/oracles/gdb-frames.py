# Prints the frames of the process that gdb is attached to, leaf first: pc and whether it is a signal trampoline.
# Frames that only debug information tells of (inlined functions, tail calls) are not on the stack.
import gdb
import os

gdb.execute("set backtrace past-main on")
gdb.execute("set backtrace past-entry on")
entered = os.environ.get("BEE_BREAK_AT")
if entered:
    gdb.Breakpoint(entered, temporary=True)
    gdb.execute("continue")
frame = gdb.newest_frame()
while frame is not None:
    if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
        print("frame %x %d" % (frame.pc(), frame.type() == gdb.SIGTRAMP_FRAME))
    frame = frame.older()
