// Package sandbox runs a command isolated, and proves the isolation first.
//
// Its noun is the Sandbox: a way of confining a process that was probed on this
// machine, in this run, before anything foreign is started in it. Open tries
// the tiers from strong to weak, runs the probe inside each, and hands out the
// first one in which every escape that the tier promises to stop was stopped.
// When none is to be had it returns an *UnavailableError, and nothing of the
// vendor's is executed.
//
// # Tiers
//
// Namespaces: own user, mount, pid, network, ipc, uts and cgroup namespaces; a
// private read-only root that holds nothing but what was bound; a private /tmp
// of limited size; limits; no privileges; Landlock; a system call filter.
//
// Landlock: for machines that refuse user namespaces. The same filter, made
// stricter (no sockets but connected stream pairs, no change of modes, owners
// or times), Landlock file rules instead of mounts, limits, no privileges.
// What it lacks is said in the record. One command runs at a time.
//
// # How a command gets inside
//
// The program starts itself again (Child, the first line of main), so there is
// no helper binary to install. The copy builds the isolation around itself,
// starts the command from a thread that has given everything up, reaps what the
// command leaves behind and ends with it.
//
// # Identity
//
// Inside, everyone is uid 1000 and gid 1000, whoever started proffer. Outside, a
// plain user is himself; root is a spare uid, because the kernel does not count
// the processes of a root that is mapped to itself. Bound trees are mapped back
// to root by idmapped mounts, so files are readable inside, and what is written
// belongs to root outside. Where the file system cannot do that (overlayfs),
// writable trees change owner for the run, and read-only trees must be readable
// by others: see Grant.
//
// # Tests
//
// A hostile payload never runs outside: it is a worker, which refuses where no
// filter holds it, and asks Confined before it does anything. There is no run
// without a sandbox to compare with. Package sandboxtest makes machines that
// refuse user namespaces, at creation or later, or Landlock.
package sandbox
