package sections

import (
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
)

func (t *tarFile) headerFields(at int64, key string) []Region {
	list := divide(at, key, []field{
		{100, Name, "name"},
		{8, Mode, "mode"},
		{16, Owner, "owner numbers"},
		{12, Structure, "length"},
		{12, Time, "modification time"},
		{8, Checksum, "checksum"},
		{1, Fixed, "type"},
		{100, Link, "link target"},
		{8, Packer, "format"},
		{64, Owner, "owner names"},
		{16, Fixed, "device"},
		{155, Name, "prefix of the name"},
		{12, Gap, "end of the header"},
	})
	mode, ok := octal(t.data[at+100 : at+108])
	for i, f := range list {
		switch f.Role {
		case Checksum:
			list[i].Valid = true // or it would not have been read
		case Mode:
			if ok {
				list[i].Mode = archive.UnixMode(uint32(mode))
				list[i].Anchor = "mode " + list[i].Mode.String()
			}
		case Fixed, Name, Link:
			list[i].Anchor = t.meaning(f, t.data[f.From:f.To])
		case Gap:
			if zeros(t.data[f.From:f.To]) {
				list[i].Role = Blocking
			}
		}
	}
	return list
}

// meaning is what a field says, where it may be written in two ways. Bytes after
// the end of a text are part of it: a reader may show them.
func (t *tarFile) meaning(f Region, b []byte) string {
	if f.Role == Fixed && len(b) == 1 && (b[0] == 0 || b[0] == '0') {
		return "regular file"
	}
	if f.Role == Fixed && len(b) == 16 {
		major, ok1 := octal(b[:8])
		minor, ok2 := octal(b[8:])
		if ok1 && ok2 && major == 0 && minor == 0 {
			return "no device"
		}
	}
	return ""
}

// extensionFields are those of a header that only announces attributes: nothing
// of it but its type and its length reaches a file.
func (t *tarFile) extensionFields(at int64, key string) []Region {
	list := t.headerFields(at, key)
	for i, f := range list {
		switch f.Role {
		case Mode, Name, Link:
			list[i].Role = Packer
		case Fixed:
			list[i].Role = Structure
		}
	}
	return list
}

// paxRole says what an attribute is (POSIX.1-2017 pax, and what star, GNU tar
// and libarchive add).
func paxRole(name string) Role {
	switch name {
	case "mtime", "atime", "ctime", "LIBARCHIVE.creationtime":
		return Time
	case "uid", "gid", "uname", "gname":
		return Owner
	case "size", "hdrcharset", "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.realsize", "GNU.sparse.name", "GNU.sparse.map":
		return Structure
	case "path":
		return Name
	case "linkpath":
		return Link
	case "comment":
		return Comment
	}
	for _, prefix := range [...]string{"SCHILY.xattr.", "LIBARCHIVE.xattr.", "SCHILY.acl.", "SCHILY.fflags", "RHT.security."} {
		if strings.HasPrefix(name, prefix) {
			return Capability
		}
	}
	return Extra
}

func (t *tarFile) paxFields(p tarPart, key string) []Region {
	var list []Region
	for at := p.from; at < p.to; {
		r, err := paxRecord(t.data[at:p.to])
		if err != nil { // extension has read it before
			return []Region{{From: p.from, To: p.to, Role: Extra, Key: key}}
		}
		role := paxRole(r.name)
		if p.global && role != Comment {
			role = Extra // it speaks of every entry that follows
		}
		list = append(list, Region{From: at, To: at + r.length, Role: role, Key: key + ": " + r.name})
		at += r.length
	}
	return list
}
