package sections

import (
	"fmt"
	"io/fs"
)

func (z *zipFile) centralFields(at int64, key string, e zipEntry, nameLen, extraLen, commentLen int64) []Region {
	list := divide(at, key, []field{
		{4, Fixed, "magic"},
		{1, Packer, "version"},
		{1, Packer, "host system"},
		{2, Packer, "version needed"},
		{2, Fixed, "flags"},
		{2, Packer, "method"},
		{4, Time, "modification time"},
		{4, Checksum, "checksum"},
		{8, Structure, "lengths"},
		{6, Structure, "lengths of name, extra and comment"},
		{2, Structure, "disk"},
		{2, Packer, "internal attributes"},
		{4, Mode, "external attributes"},
		{4, Structure, "offset"},
		{nameLen, Name, "name"},
	})
	z.settle(list, e)
	extra := at + zipCentralLen + nameLen
	list = append(list, extras(z.data, extra, extraLen, key)...)
	return append(list, divide(extra+extraLen, key, []field{{commentLen, Comment, "comment"}})...)
}

func (z *zipFile) localFields(at int64, key string, e zipEntry, nameLen, extraLen int64) []Region {
	list := divide(at, key, []field{
		{4, Fixed, "magic"},
		{2, Packer, "version needed"},
		{2, Fixed, "flags"},
		{2, Packer, "method"},
		{4, Time, "modification time"},
		{4, Checksum, "checksum"},
		{8, Structure, "lengths"},
		{4, Structure, "lengths of name and extra"},
		{nameLen, Name, "name"},
	})
	z.settle(list, e)
	if !z.agrees(at, e) {
		for i, f := range list {
			if f.Role == Checksum || f.Role == Structure || f.Role == Name {
				list[i].Valid, list[i].Role = false, Overlap
			}
		}
	}
	return append(list, extras(z.data, at+zipLocalLen+nameLen, extraLen, key)...)
}

// settle recomputes checksums, and gives flags the benefit of what does not
// matter in them: the compression level (bits 1 and 2) and whether a descriptor
// follows (bit 3).
func (z *zipFile) settle(list []Region, e zipEntry) {
	for i, f := range list {
		switch f.Role {
		case Checksum:
			list[i].Valid = z.checks(e)
		case Fixed:
			if f.Len() == 2 {
				list[i].Anchor = fmt.Sprintf("flags %#x", u16(z.data, f.From)&^0xe)
			}
		case Mode:
			list[i].Mode = zipMode(e)
			list[i].Anchor = modeAnchor(zipMode(e), e)
		}
	}
}

// modeAnchor is a mode in words. Attributes of a host without modes are as they
// stand.
func modeAnchor(m fs.FileMode, e zipEntry) string {
	if e.external>>16 == 0 || e.creator != 3 && e.creator != 19 {
		return fmt.Sprintf("attributes %#x", e.external&0xff)
	}
	return fmt.Sprintf("mode %s, attributes %#x", m, e.external&0xff)
}

// agrees reports whether the local header says what the directory says. Where
// they differ, two readers may read two contents.
func (z *zipFile) agrees(at int64, e zipEntry) bool {
	nameLen := int64(u16(z.data, at+26))
	if string(z.data[at+zipLocalLen:at+zipLocalLen+nameLen]) != e.name || u16(z.data, at+8) != e.method {
		return false
	}
	if u16(z.data, at+6)&8 != 0 {
		return true
	}
	packed, size := int64(u32(z.data, at+18)), int64(u32(z.data, at+22))
	extra := at + zipLocalLen + nameLen
	widen(z.data[extra:extra+int64(u16(z.data, at+28))], &size, &packed)
	return u32(z.data, at+14) == e.crc && packed == e.packed && size == e.size
}

// zipExtra is a known extra field (APPNOTE.TXT 4.5, and what Info-ZIP, the JDK
// and zipalign write).
func zipExtra(id uint16) (Role, string) {
	switch id {
	case 0x0001:
		return Structure, "zip64"
	case 0x000a:
		return Time, "NTFS times"
	case 0x5455:
		return Time, "times"
	case 0x5855:
		return Time, "times and owner"
	case 0x7855, 0x7875:
		return Owner, "owner"
	case 0xcafe:
		return Packer, "jar marker"
	case 0xd935:
		return Blocking, "alignment"
	}
	return Extra, fmt.Sprintf("extra field %#04x", id)
}

// extras maps extra fields; what is no field is Blocking when it is zeros.
func extras(data []byte, from, length int64, key string) []Region {
	var list []Region
	stop := from + length
	for stop-from >= 4 {
		n := 4 + int64(u16(data, from+2))
		if from+n > stop || u16(data, from) == 0 && n == 4 {
			break
		}
		role, name := zipExtra(u16(data, from))
		list = append(list, Region{From: from, To: from + n, Role: role, Key: key + ": " + name})
		from += n
	}
	if from < stop {
		role := Extra
		if zeros(data[from:stop]) {
			role = Blocking
		}
		list = append(list, Region{From: from, To: stop, Role: role, Key: key + ": rest of the extra fields"})
	}
	return list
}

// widen takes wide values from a zip64 field for those that are all ones.
func widen(extra []byte, values ...*int64) {
	for len(extra) >= 4 {
		n := 4 + int(u16(extra, 2))
		if n > len(extra) {
			return
		}
		if u16(extra, 0) == 1 {
			f := extra[4:n]
			for _, v := range values {
				if *v == 1<<32-1 && len(f) >= 8 {
					*v, f = i64(f, 0), f[8:]
				}
			}
			return
		}
		extra = extra[n:]
	}
}
