package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A vector is one escape. try returns nil when it worked, otherwise what
// stopped it. It does no harm where it works: it touches only what the probe's
// parent laid out or the probe made, and calls into the kernel carry arguments
// that cannot succeed.
type vector struct {
	name string
	try  func(b *bait) error
}

// vectors are tried in this order: files, network, processes, kernel,
// privileges, limits.
var vectors = [...]vector{
	{"read-file", func(b *bait) error { return readSecret(b.Canary, b.Secret) }},
	{"read-home", readHome},
	{"read-accounts", readAccounts},
	{"list-folder", func(b *bait) error { _, err := os.ReadDir(filepath.Dir(b.Canary)); return err }},
	{"write-file", func(b *bait) error { return openFor(b.Canary, os.O_WRONLY) }},
	{"create-file", func(b *bait) error { return openFor(b.Canary+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL) }},
	{"cut-file", func(b *bait) error { return unix.Truncate(b.Canary, 0) }},
	{"remove-file", func(b *bait) error { return unix.Unlink(b.Canary) }},
	{"change-mode", func(b *bait) error { return unix.Chmod(b.Canary, 0o777) }},
	{"change-times", func(b *bait) error { return unix.Utimes(b.Canary, make([]unix.Timeval, 2)) }},
	{"link-file", func(b *bait) error { return unix.Link(b.Canary, filepath.Join(b.Writable, "link")) }},
	{"write-read-only", func(b *bait) error { return openFor(filepath.Join(b.ReadOnly, "file"), os.O_WRONLY) }},
	{"cut-read-only", func(b *bait) error { return openFor(filepath.Join(b.ReadOnly, "file"), os.O_RDONLY|os.O_TRUNC) }},
	{"create-read-only", func(b *bait) error {
		return openFor(filepath.Join(b.ReadOnly, "new"), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	}},
	{"mode-read-only", func(b *bait) error { return unix.Chmod(filepath.Join(b.ReadOnly, "file"), 0o777) }},
	{"set-user-id", setUserID},
	{"make-device", func(b *bait) error {
		return unix.Mknod(filepath.Join(b.Writable, "device"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 1)))
	}},
	{"open-terminal", func(*bait) error { return openFor("/dev/tty", os.O_RDWR) }},
	{"file-handle", fileHandle},
	{"inherited-files", inheritedFiles},

	{"tcp-connect", func(b *bait) error {
		return connect(unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Port: b.TCPPort, Addr: [4]byte{127, 0, 0, 1}})
	}},
	{"udp-send", func(b *bait) error {
		return connect(unix.AF_INET, unix.SOCK_DGRAM, &unix.SockaddrInet4{Port: b.UDPPort, Addr: [4]byte{127, 0, 0, 1}})
	}},
	{"tcp-listen", tcpListen},
	{"ipv6-socket", func(*bait) error { return openSocket(unix.AF_INET6, unix.SOCK_DGRAM) }},
	{"netlink-socket", func(*bait) error { return openSocket(unix.AF_NETLINK, unix.SOCK_RAW) }},
	{"packet-socket", func(*bait) error { return openSocket(unix.AF_PACKET, unix.SOCK_RAW) }},
	{"raw-socket", func(*bait) error { return openSocket(unix.AF_INET, unix.SOCK_RAW) }},
	{"vsock-socket", func(*bait) error { return openSocket(unix.AF_VSOCK, unix.SOCK_STREAM) }},
	{"crypto-socket", func(*bait) error { return openSocket(unix.AF_ALG, unix.SOCK_SEQPACKET) }},
	{"abstract-socket", func(b *bait) error {
		return connect(unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: b.Abstract})
	}},
	{"socket-file", func(b *bait) error {
		return connect(unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: b.Socket})
	}},

	{"see-process", seeProcess},
	{"signal-process", signalProcess},
	{"ptrace", func(*bait) error { return reached(unix.SYS_PTRACE, unix.PTRACE_ATTACH, noProcess, 0, 0) }},
	{"process-memory", processMemory},
	{"process-file", func(*bait) error { return reached(unix.SYS_PIDFD_GETFD, noFile, 0, 0, 0) }},
	{"new-namespace", func(*bait) error { return reached(unix.SYS_UNSHARE, unix.CLONE_NEWUSER, 0, 0, 0) }},
	{"clone-namespace", cloneNamespace},
	{"clone3", func(*bait) error { return reached(unix.SYS_CLONE3, 0, 0, 0, 0) }},
	{"join-namespace", func(*bait) error { return reached(unix.SYS_SETNS, noFile, 0, 0, 0) }},

	{"mount", func(b *bait) error { return unix.Mount("probe", b.Writable, "tmpfs", 0, "size=4k") }},
	{"new-mount-calls", func(*bait) error { return reached(unix.SYS_FSOPEN, 0, 0, 0, 0) }},
	{"clone-mount", func(*bait) error { return reached(unix.SYS_OPEN_TREE, noFile, 0, 0, 0) }},
	{"chroot", func(b *bait) error { return unix.Chroot(b.Writable) }},
	{"io-uring", func(*bait) error { return reached(unix.SYS_IO_URING_SETUP, 0, 0, 0, 0) }},
	{"bpf", func(*bait) error { return reached(unix.SYS_BPF, ^uintptr(0), 0, 0, 0) }},
	{"keys", func(*bait) error { return reached(unix.SYS_KEYCTL, ^uintptr(0)>>1, 0, 0, 0) }},
	{"perf-events", func(*bait) error { return reached(unix.SYS_PERF_EVENT_OPEN, 0, 0, 0, 0) }},
	{"userfaultfd", func(*bait) error { return reached(unix.SYS_USERFAULTFD, ^uintptr(0)>>1, 0, 0, 0) }},
	{"kernel-module", func(*bait) error { return reached(unix.SYS_FINIT_MODULE, noFile, 0, 0, 0) }},
	{"kexec", func(*bait) error { return reached(unix.SYS_KEXEC_LOAD, 0, 0, 0, ^uintptr(0)>>1) }},
	{"reboot", func(*bait) error { return reached(unix.SYS_REBOOT, 0, 0, 0, 0) }},
	{"set-clock", func(*bait) error { return reached(unix.SYS_CLOCK_SETTIME, unix.CLOCK_REALTIME, 0, 0, 0) }},
	{"swap", func(*bait) error { return reached(unix.SYS_SWAPON, 0, 0, 0, 0) }},
	{"kernel-log", func(*bait) error { return reached(unix.SYS_SYSLOG, 10, 0, 0, 0) }},
	{"terminal-input", func(*bait) error { return reached(unix.SYS_IOCTL, 0, unix.TIOCSTI, 0, 0) }},
	{"execution-domain", func(*bait) error { return reached(unix.SYS_PERSONALITY, 0x0400000, 0, 0, 0) }},

	{"capabilities", capabilities},
	{"change-user", changeUser},
	{"new-privileges", func(*bait) error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) }},

	{"large-file", largeFile},
	{"fill-tmp", fillTmp},
	{"much-memory", muchMemory},
	{"many-processes", manyProcesses},
}

// Arguments that name nothing.
const (
	noFile    = ^uintptr(0)
	noProcess = uintptr(1<<31 - 1)
)

// reached makes a system call with arguments that cannot succeed. Only the
// answers of one who refuses count as stopped: whatever else comes back comes
// from the call itself.
func reached(nr, a, b, c, d uintptr) error {
	_, _, errno := unix.RawSyscall6(nr, a, b, c, d, 0, 0)
	switch errno {
	case unix.EPERM, unix.EACCES, unix.ENOSYS:
		return errno
	}
	return nil
}

func openFor(path string, flags int) error {
	f, err := os.OpenFile(path, flags|unix.O_NOCTTY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func readSecret(path, secret string) error {
	data, err := os.ReadFile(path)
	if err == nil && string(data) != secret {
		return errors.New("it holds something else")
	}
	return err
}

func readHome(b *bait) error {
	if b.Home == "" {
		return errors.New("there is no home folder")
	}
	if err := readSecret(b.Home, b.Secret); err == nil {
		return nil
	}
	_, err := os.ReadDir(b.Home)
	return err
}

func readAccounts(*bait) error {
	var errs []error
	for _, file := range []string{"/etc/shadow", "/etc/passwd", "/etc/hostname"} {
		_, err := os.ReadFile(file)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func setUserID(b *bait) error {
	file := filepath.Join(b.Writable, "set-user-id")
	if err := os.WriteFile(file, nil, 0o700); err != nil { //nolint:gosec // it is to be refused more than this
		return nil //nolint:nilerr // the bind is to be writable, so nothing was shown
	}
	if err := unix.Chmod(file, unix.S_ISUID|0o700); err == nil {
		return nil
	}
	fd, err := unix.Open(file+"-2", unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, unix.S_ISUID|0o700)
	if err == nil {
		return unix.Close(fd)
	}
	return err
}

func fileHandle(b *bait) error {
	if _, _, err := unix.NameToHandleAt(unix.AT_FDCWD, b.Writable, 0); err == nil {
		return nil
	}
	return reached(unix.SYS_OPEN_BY_HANDLE_AT, noFile, 0, 0, 0)
}

func inheritedFiles(*bait) error {
	for fd := 3; fd < 256; fd++ {
		// What came through an exec is not marked to be closed by one.
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			return nil
		}
	}
	return errors.New("none but stdin, stdout and stderr")
}

func openSocket(domain, kind int) error {
	fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC, 0)
	switch {
	case err == nil:
		return unix.Close(fd)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES), errors.Is(err, unix.EAFNOSUPPORT):
		return err
	}
	return nil // some other reason is not a refusal
}

func connect(domain, kind int, addr unix.Sockaddr) error {
	fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, addr); err != nil {
		return err
	}
	_, err = unix.Write(fd, []byte("escaped"))
	return err
}

func tcpListen(*bait) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 1))
}

func seeProcess(b *bait) error {
	age, err := startTime(b.Parent)
	if err == nil && age != b.ParentAge {
		return errors.New("that number is another process's here")
	}
	return err
}

func signalProcess(b *bait) error {
	if b.Tier == Namespaces && b.Parent <= os.Getpid() {
		return errors.New("that number is another process's here")
	}
	return unix.Kill(b.Parent, 0)
}

func processMemory(*bait) error {
	var from, to byte = 1, 0
	local := []unix.Iovec{{Base: &to, Len: 1}}
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&from)), Len: 1}}
	_, err := unix.ProcessVMReadv(os.Getpid(), local, remote, 0)
	runtime.KeepAlive(&from)
	return err
}

func capabilities(*bait) error {
	if caps, err := effectiveCaps(); err != nil || caps != 0 {
		return nil //nolint:nilerr // it has some, or hides them
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	want := [2]unix.CapUserData{{Effective: 1 << unix.CAP_SYS_ADMIN, Permitted: 1 << unix.CAP_SYS_ADMIN}}
	return unix.Capset(&hdr, &want[0])
}

// changeUser tries to become somebody else on this thread alone.
func changeUser(*bait) error {
	other := uintptr(0)
	if os.Getuid() == 0 {
		other = 1
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, _, errno := unix.RawSyscall(unix.SYS_SETUID, other, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

func largeFile(b *bait) error {
	f, err := os.Create(filepath.Join(b.Writable, "large"))
	if err != nil {
		return nil //nolint:nilerr // the bind is to be writable, so nothing was shown
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{1}, b.FileSize-1); err != nil {
		return nil //nolint:nilerr // up to the limit it has to work
	}
	_, err = f.WriteAt([]byte{1}, b.FileSize)
	return err
}

func fillTmp(b *bait) error {
	piece := make([]byte, b.FileSize/2)
	for i := range b.TmpSize/int64(len(piece)) + 1 {
		if err := os.WriteFile(filepath.Join(b.Temp, fmt.Sprintf("fill-%d", i)), piece, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func muchMemory(b *bait) error {
	mem, err := unix.Mmap(-1, 0, int(b.Memory), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	return unix.Munmap(mem)
}
