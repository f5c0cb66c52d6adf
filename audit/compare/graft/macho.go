package graft

import (
	"bytes"
	"encoding/binary"
)

// Mach-O (mach-o/loader.h). Numbers are little-endian in every image that is
// still signed.
const (
	machMagic32       = 0xfeedface
	machMagic64       = 0xfeedfacf
	machSegment32     = 0x1
	machSegment64     = 0x19
	machUUID          = 0x1b
	machCodeSignature = 0x1d
	machLinkCommand   = 16 // bytes of LC_CODE_SIGNATURE
	machAlign         = 16 // where a signature starts
	cpuARM64          = 0x0100000c
)

// segment is a segment command by the fields that signing looks at.
type segment struct {
	at       int64 // offset of the command, 0 if there is none
	vmsize   uint64
	fileoff  int64
	filesize int64
}

// image is a thin Mach-O file. Offsets are bytes of data.
type image struct {
	data     []byte
	wide     bool
	cpu      uint32
	header   int64 // bytes of the header
	commands int64 // offset behind the load commands
	first    int64 // offset of the first section's data: load commands may grow up to here
	text     segment
	linkedit segment
	uuid     []byte
	command  int64 // offset of LC_CODE_SIGNATURE, 0 if there is none
	sig      int64 // offset of the signature
	sigSize  int64
}

func isMachO(data []byte) bool {
	if len(data) < 28 {
		return false
	}
	m := binary.LittleEndian.Uint32(data)
	return m == machMagic32 || m == machMagic64
}

func parseMachO(data []byte, which string) (*image, error) {
	if !isMachO(data) {
		return nil, refuse(Malformed, "the %s Mach-O file has no header", which)
	}
	m := &image{data: data, cpu: binary.LittleEndian.Uint32(data[4:]), header: 28}
	if binary.LittleEndian.Uint32(data) == machMagic64 {
		m.wide, m.header = true, 32
	}
	count := binary.LittleEndian.Uint32(data[16:])
	m.commands = m.header + int64(binary.LittleEndian.Uint32(data[20:]))
	if m.commands > int64(len(data)) {
		return nil, refuse(Malformed, "the load commands of the %s Mach-O file are cut off", which)
	}
	m.first = int64(len(data))
	at := m.header
	for range count {
		if m.commands-at < 8 {
			return nil, refuse(Malformed, "the %s Mach-O file says %d load commands and has fewer", which, count)
		}
		size := int64(binary.LittleEndian.Uint32(data[at+4:]))
		if size < 8 || size > m.commands-at {
			return nil, refuse(Malformed, "a load command at %d of the %s Mach-O file has %d bytes", at, which, size)
		}
		if err := m.load(at, size, which); err != nil {
			return nil, err
		}
		at += size
	}
	if at != m.commands {
		return nil, refuse(Malformed, "%d bytes behind the load commands of the %s Mach-O file count as such", m.commands-at, which)
	}
	return m, m.bounds(which)
}

// load reads one load command.
func (m *image) load(at, size int64, which string) error {
	twice := func(seen bool) error {
		if !seen {
			return nil
		}
		return refuse(Malformed, "the %s Mach-O file has a load command twice, at %d", which, at)
	}
	switch binary.LittleEndian.Uint32(m.data[at:]) {
	case machSegment32, machSegment64:
		return m.segment(at, size, which)
	case machUUID:
		if size >= 24 {
			m.uuid = m.data[at+8 : at+24]
		}
	case machCodeSignature:
		if err := twice(m.command != 0); err != nil {
			return err
		}
		if size != machLinkCommand {
			return refuse(Malformed, "LC_CODE_SIGNATURE of the %s file has %d bytes", which, size)
		}
		m.command = at
		m.sig = int64(binary.LittleEndian.Uint32(m.data[at+8:]))
		m.sigSize = int64(binary.LittleEndian.Uint32(m.data[at+12:]))
	}
	return nil
}

func (m *image) segment(at, size int64, which string) error {
	head, section := int64(56), int64(68)
	if m.wide {
		head, section = 72, 80
	}
	if size < head {
		return refuse(Malformed, "a segment command at %d of the %s Mach-O file is cut off", at, which)
	}
	s := segment{at: at}
	var sections int64
	if m.wide {
		s.vmsize = binary.LittleEndian.Uint64(m.data[at+32:])
		s.fileoff = int64(binary.LittleEndian.Uint64(m.data[at+40:]))
		s.filesize = int64(binary.LittleEndian.Uint64(m.data[at+48:]))
		sections = int64(binary.LittleEndian.Uint32(m.data[at+64:]))
	} else {
		s.vmsize = uint64(binary.LittleEndian.Uint32(m.data[at+28:]))
		s.fileoff = int64(binary.LittleEndian.Uint32(m.data[at+32:]))
		s.filesize = int64(binary.LittleEndian.Uint32(m.data[at+36:]))
		sections = int64(binary.LittleEndian.Uint32(m.data[at+48:]))
	}
	if s.fileoff < 0 || s.filesize < 0 || sections > (size-head)/section {
		return refuse(Malformed, "a segment command at %d of the %s Mach-O file", at, which)
	}
	for i := range sections {
		entry := at + head + i*section
		offset := int64(binary.LittleEndian.Uint32(m.data[entry+40:]))
		if m.wide {
			offset = int64(binary.LittleEndian.Uint32(m.data[entry+48:]))
		}
		if offset > 0 {
			m.first = min(m.first, offset)
		}
	}
	switch string(bytes.TrimRight(m.data[at+8:at+24], "\x00")) {
	case "__TEXT":
		m.text = s
	case "__LINKEDIT":
		if m.linkedit.at != 0 {
			return refuse(Malformed, "the %s Mach-O file has two segments __LINKEDIT", which)
		}
		m.linkedit = s
	}
	return nil
}

func (m *image) bounds(which string) error {
	size := int64(len(m.data))
	l := m.linkedit
	switch {
	case l.at == 0:
		return refuse(Malformed, "the %s Mach-O file has no segment __LINKEDIT", which)
	case l.fileoff > size || l.filesize > size-l.fileoff:
		return refuse(Malformed, "the segment __LINKEDIT of the %s Mach-O file is cut off", which)
	case m.command == 0:
		return nil
	case m.sig < l.fileoff || m.sig < m.commands || m.sig > size || m.sigSize > size-m.sig:
		return refuse(Malformed, "the signature of the %s Mach-O file lies outside the segment __LINKEDIT or the file", which)
	}
	return nil
}
