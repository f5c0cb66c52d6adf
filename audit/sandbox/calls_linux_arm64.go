package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

var (
	archRefused     = [...]uint32{unix.SYS_NFSSERVCTL, unix.SYS_KEXEC_FILE_LOAD}
	archRules       [0]rule
	archSharedRules [0]rule
)

func archNoTruncateRules() []rule { return nil }
