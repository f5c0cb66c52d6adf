package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// archRefused are the refused calls that only amd64 has, most of them relics.
var archRefused = [...]uint32{
	unix.SYS_IOPERM, unix.SYS_IOPL, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS_KEXEC_FILE_LOAD,
	unix.SYS_CREATE_MODULE, unix.SYS_GET_KERNEL_SYMS, unix.SYS_QUERY_MODULE, unix.SYS__SYSCTL,
	unix.SYS_NFSSERVCTL, unix.SYS_SYSFS, unix.SYS_USTAT, unix.SYS_VSERVER, unix.SYS_SECURITY,
	unix.SYS_TUXCALL, unix.SYS_AFS_SYSCALL, unix.SYS_GETPMSG, unix.SYS_PUTPMSG,
}

// archRules are commonRules for the calls that arm64 no longer has.
var archRules = [...]rule{
	{nr: unix.SYS_CHMOD, errno: unix.EPERM, when: []match{anyBit(1, setIDBits)}},
	{nr: unix.SYS_CREAT, errno: unix.EPERM, when: []match{anyBit(1, setIDBits)}},
	{nr: unix.SYS_OPEN, errno: unix.EPERM, when: []match{anyBit(1, unix.O_CREAT), anyBit(2, setIDBits)}},
	{nr: unix.SYS_OPEN, errno: unix.EPERM, when: []match{masked(1, unix.O_TMPFILE, unix.O_TMPFILE), anyBit(2, setIDBits)}},
	{nr: unix.SYS_MKNOD, errno: unix.EPERM, when: []match{anyBit(1, setIDBits)}},
	{nr: unix.SYS_MKNOD, errno: unix.EPERM, when: []match{masked(1, unix.S_IFMT, unix.S_IFCHR)}},
	{nr: unix.SYS_MKNOD, errno: unix.EPERM, when: []match{masked(1, unix.S_IFMT, unix.S_IFBLK)}},
}

// archSharedRules are sharedRules for the calls that arm64 no longer has.
var archSharedRules = [...]rule{
	{nr: unix.SYS_CHMOD, errno: unix.EPERM},
	{nr: unix.SYS_CHOWN, errno: unix.EPERM},
	{nr: unix.SYS_LCHOWN, errno: unix.EPERM},
	{nr: unix.SYS_UTIME, errno: unix.EPERM},
	{nr: unix.SYS_UTIMES, errno: unix.EPERM},
	{nr: unix.SYS_FUTIMESAT, errno: unix.EPERM},
}

func archNoTruncateRules() []rule {
	return []rule{{nr: unix.SYS_OPEN, errno: unix.EPERM, when: truncates(1)}}
}
