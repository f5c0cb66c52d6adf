// Package sandboxtest makes a test program stand on another machine: one that
// refuses what a sandbox needs.
//
// Its noun is the Refusal. The refusals are real, made by this kernel for one
// process and its descendants, so a test sees the errors that a locked-down
// machine gives, at the stage where it gives them. A test program calls
// Elsewhere in TestMain, after sandbox.Child, and starts itself, or any program
// that it makes from TestMain, with Variable set:
//
//	cmd := exec.Command("/proc/self/exe")
//	cmd.Env = append(os.Environ(), sandboxtest.Variable+"=clone,landlock")
//
// Nothing hostile is in here; nothing is executed but the program itself.
package sandboxtest

// Variable names the refusals, separated by commas, that Elsewhere is to make.
const Variable = "PROFFER_TEST_REFUSE"

// The refusals.
const (
	// Clone is a machine where creating a user namespace is denied: a container
	// engine's filter, or a sysctl.
	Clone = "clone"
	// Limit is one where no user namespace is left to create. It takes a user
	// namespace of its own with CAP_SYS_RESOURCE in it.
	Limit = "limit"
	// Mount is one where the namespace is created and then may do nothing, as
	// under Ubuntu's AppArmor profile: mounting is denied.
	Mount = "mount"
	// SysAdmin is a root without CAP_SYS_ADMIN. It takes root.
	SysAdmin = "sysadmin"
	// Landlock is a kernel without it.
	Landlock = "landlock"
	// Proc is a container whose /proc is partly covered. It takes a mount
	// namespace of its own and the right to mount in it.
	Proc = "proc"
)
