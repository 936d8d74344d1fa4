/*
 * libbee asks for symbols of glibc 2.28 at most, as Node does, whatever glibc it is built on.
 *
 * A linker binds a function to the newest version that the building machine's libc has, and newer libcs gave old
 * functions new versions without changing them (2.34 moved libpthread into libc). So each function that would need
 * more than 2.28 is defined here, visible in libbee alone, as a jump to its older version. A test lists what is
 * missing here. Rejected: cross-linking through zig (a download of 80 MB in each build), an old system in a container
 * (no build on a bare machine any more).
 */
#ifndef __x86_64__
#error "versions of x86-64: other architectures of glibc begin at others"
#endif

	.macro define name
	.globl \name
	.hidden \name
	.type \name, @function
	.p2align 4
\name:
	endbr64
	.endm

	.macro older name version
	.symver older_\name, \name@\version
	define \name
	jmp *older_\name@GOTPCREL(%rip)
	.size \name, . - \name
	.endm

	/* stat(path, buffer) -> __xstat64(1, path, buffer): what these functions were inlined to before glibc 2.33. */
	.macro stat_call name versioned
	define \name
	mov %rsi, %rdx
	mov %rdi, %rsi
	mov $1, %edi
	jmp *\versioned@GOTPCREL(%rip)
	.size \name, . - \name
	.endm

	.text
	older dlsym, GLIBC_2.2.5
	older pthread_attr_getguardsize, GLIBC_2.2.5
	older pthread_attr_getstack, GLIBC_2.2.5
	older pthread_attr_setstacksize, GLIBC_2.2.5
	older pthread_create, GLIBC_2.2.5
	older pthread_detach, GLIBC_2.2.5
	older pthread_getattr_np, GLIBC_2.2.5
	older pthread_join, GLIBC_2.2.5
	older pthread_key_create, GLIBC_2.2.5
	older pthread_key_delete, GLIBC_2.2.5
	older pthread_setname_np, GLIBC_2.12
	older pthread_setspecific, GLIBC_2.2.5

	stat_call stat, __xstat64
	stat_call stat64, __xstat64
	stat_call fstat64, __fxstat64

	/* The same, of a name in a directory. */
	define fstatat64
	mov %ecx, %r8d
	mov %rdx, %rcx
	mov %rsi, %rdx
	mov %edi, %esi
	mov $1, %edi
	jmp *__fxstatat64@GOTPCREL(%rip)
	.size fstatat64, . - fstatat64

	/* A system call before glibc 2.30. */
	define gettid
	mov $186, %eax
	syscall
	ret
	.size gettid, . - gettid

	.section .note.GNU-stack, "", @progbits
