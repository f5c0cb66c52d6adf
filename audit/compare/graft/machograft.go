package graft

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// slice is one architecture of a Mach-O file, or the whole of a thin one.
type slice struct {
	*work

	base    int64  // of the slice in the shipped file
	where   string // "" for a thin file
	shipped *image
	rebuilt *image
}

// machO puts the code signature onto the rebuilt file, slice by slice.
func (w *work) machO() error {
	w.graft.Kind = MachO
	switch a, b := isFat(w.shipped), isFat(w.rebuilt); {
	case a != b:
		return refuse(Layout, "one of the two Mach-O files is universal, the other is not")
	case a:
		return w.fat()
	}
	out, signed, err := w.thin(0, "", w.shipped, w.rebuilt)
	if err == nil && !signed {
		err = refuse(Unsigned, "the shipped Mach-O file has no code signature")
	}
	w.graft.Bytes = out
	return err
}

// thin grafts one slice. Without a signature to graft it is the rebuilt slice.
func (w *work) thin(base int64, where string, shipped, rebuilt []byte) (out []byte, signed bool, err error) {
	s, err := parseMachO(shipped, "shipped")
	if err != nil {
		return nil, false, err
	}
	r, err := parseMachO(rebuilt, "rebuilt")
	if err != nil {
		return nil, false, err
	}
	if s.command == 0 {
		return slices.Clone(rebuilt), false, nil
	}
	if err := w.fits(s.sigSize); err != nil {
		return nil, false, err
	}
	x := &slice{work: w, base: base, where: where, shipped: s, rebuilt: r}
	body, err := x.unsigned()
	if err != nil {
		return nil, false, err
	}
	x.areas(int64(len(body)))
	if out, err = x.put(body); err != nil {
		return nil, false, err
	}
	if s.uuid != nil && r.uuid != nil && !bytes.Equal(s.uuid, r.uuid) {
		w.note(UUIDDiffers, base, s.commands, "LC_UUID differs%s: it names the build and is no part of the signature", x.in())
	}
	x.superBlob(out)
	return out, true, nil
}

// in names the slice in a message.
func (x *slice) in() string {
	if x.where == "" {
		return ""
	}
	return " in " + x.where
}

// unsigned is the rebuilt slice without a signature. A linker for Apple's
// processors signs by itself, with digests and no key: that signature follows
// from the file and is replaced. One with a key is not ours to remove.
func (x *slice) unsigned() ([]byte, error) {
	r := x.rebuilt
	if r.command == 0 {
		if r.linkedit.fileoff+r.linkedit.filesize != int64(len(r.data)) {
			return nil, refuse(Layout, "the rebuilt Mach-O file does not end with its segment __LINKEDIT: a signature has no place behind it")
		}
		return r.data, nil
	}
	if r.sig+r.sigSize != int64(len(r.data)) {
		return nil, refuse(Layout, "the rebuilt Mach-O file has %d bytes behind its signature", int64(len(r.data))-r.sig-r.sigSize)
	}
	if !adHocOnly(r.data[r.sig:]) {
		return nil, refuse(AlreadySigned, "the rebuilt Mach-O file is signed with a key")
	}
	return r.data[:r.sig], nil
}

// areas marks what signing changes: the counts of load commands, the command,
// two sizes of __LINKEDIT, the signature and the zeros before it.
func (x *slice) areas(unsigned int64) {
	s := x.shipped
	x.area(x.base+16, x.base+24)
	x.area(x.base+s.command, x.base+s.command+machLinkCommand)
	for _, f := range s.linkedit.sizes(s.wide) {
		x.area(x.base+f.Offset, x.base+f.Offset+f.Length)
	}
	x.area(x.base+s.sig, x.base+s.sig+s.sigSize)
	if unsigned <= s.sig && s.sig-unsigned < machAlign {
		x.area(x.base+unsigned, x.base+s.sig)
		x.slack(SignaturePadding, x.base+unsigned, x.base+s.sig, machAlign-1, "before the code signature")
	}
	end := s.sig + s.sigSize
	if rest := int64(len(s.data)) - end; rest > 0 {
		x.flag(AppendedData, x.base+end, rest, "%d bytes behind the code signature%s", rest, x.in())
	}
	if s.linkedit.fileoff+s.linkedit.filesize != end {
		x.flag(LinkeditSize, x.base+s.linkedit.at, 8, "the segment __LINKEDIT ends at %d, the code signature at %d", s.linkedit.fileoff+s.linkedit.filesize, end)
	}
}

// sizes are the fields vmsize and filesize of a segment command.
func (s segment) sizes(wide bool) []Range {
	if wide {
		return []Range{{s.at + 32, 8}, {s.at + 48, 8}}
	}
	return []Range{{s.at + 28, 4}, {s.at + 36, 4}}
}

// put writes the unsigned slice with the shipped signature.
func (x *slice) put(body []byte) ([]byte, error) {
	s, r := x.shipped, x.rebuilt
	at := aligned(int64(len(body)), machAlign)
	out := make([]byte, at, at+s.sigSize)
	copy(out, body)
	out = append(out, s.data[s.sig:s.sig+s.sigSize]...)

	command := r.command
	if command == 0 {
		command = r.commands
		if command+machLinkCommand > r.first || nonZero(r.data[command:min(command+machLinkCommand, int64(len(r.data)))]) > 0 {
			return nil, refuse(Layout, "the rebuilt Mach-O file has no room for LC_CODE_SIGNATURE behind its load commands")
		}
		binary.LittleEndian.PutUint32(out[16:], binary.LittleEndian.Uint32(out[16:])+1)
		binary.LittleEndian.PutUint32(out[20:], binary.LittleEndian.Uint32(out[20:])+machLinkCommand)
	}
	binary.LittleEndian.PutUint32(out[command:], machCodeSignature)
	binary.LittleEndian.PutUint32(out[command+4:], machLinkCommand)
	binary.LittleEndian.PutUint32(out[command+8:], uint32(at))
	binary.LittleEndian.PutUint32(out[command+12:], uint32(s.sigSize))

	filesize := at + s.sigSize - r.linkedit.fileoff
	x.putSizes(out, filesize, x.vmsize(filesize))
	return out, nil
}

func (x *slice) putSizes(out []byte, filesize int64, vmsize uint64) {
	fields := x.rebuilt.linkedit.sizes(x.rebuilt.wide)
	if x.rebuilt.wide {
		binary.LittleEndian.PutUint64(out[fields[0].Offset:], vmsize)
		binary.LittleEndian.PutUint64(out[fields[1].Offset:], uint64(filesize))
		return
	}
	binary.LittleEndian.PutUint32(out[fields[0].Offset:], uint32(vmsize))
	binary.LittleEndian.PutUint32(out[fields[1].Offset:], uint32(filesize))
}

// vmsize is the memory size of the grown __LINKEDIT. Signers either leave it,
// where the signature fits, or round the file size up to the page of one of the
// two processors; Go's linker, which signs for arm64 itself, does not round it.
// The shipped file's choice among these is followed.
func (x *slice) vmsize(filesize int64) uint64 {
	s := x.shipped.linkedit
	if s.vmsize == x.rebuilt.linkedit.vmsize && s.vmsize >= uint64(filesize) {
		return s.vmsize
	}
	if s.vmsize == uint64(s.filesize) {
		return uint64(filesize)
	}
	pages := []int64{0x1000, 0x4000}
	if x.rebuilt.cpu == cpuARM64 {
		pages = []int64{0x4000, 0x1000}
	}
	for _, page := range pages {
		if s.vmsize == uint64(aligned(s.filesize, page)) {
			return uint64(aligned(filesize, page))
		}
	}
	x.flag(LinkeditSize, x.base+s.at, 8, "__LINKEDIT takes %d bytes of memory for %d of the file%s", s.vmsize, s.filesize, x.in())
	return uint64(aligned(filesize, pages[0]))
}
