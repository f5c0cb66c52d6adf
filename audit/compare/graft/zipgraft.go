package graft

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// apkPage is what a signing block is aligned to, where it is.
const apkPage = 4096

// archive is a graft between two zips.
type archive struct {
	*work

	s, r     *zipFile
	manifest bool // the shipped manifest is the rebuilt one with digests, and is taken
	offsets  map[string]int64
	digests  map[apkAlgorithm][]byte // of the shipped APK, by how they are computed
}

// zip puts signature files, manifest digests and signing block onto the rebuilt
// archive, in the shipped one's order.
func (w *work) zip() error {
	s, err := parseZip(w.shipped, "shipped", w.lim)
	if err != nil {
		return err
	}
	r, err := parseZip(w.rebuilt, "rebuilt", w.lim)
	if err != nil {
		return err
	}
	w.graft.Kind = JAR
	if s.block != 0 || s.find("AndroidManifest.xml") != nil {
		w.graft.Kind = APK
	}
	signed := func(z *zipFile) bool {
		return slices.ContainsFunc(z.members, func(m member) bool { return roleOf(m.name).ofSignature() })
	}
	switch {
	case s.block == 0 && !signed(s):
		return refuse(Unsigned, "the shipped zip has neither signature files nor a signing block")
	case r.block != 0 || signed(r):
		return refuse(AlreadySigned, "the rebuilt zip has signature files or a signing block")
	}
	if s.block != 0 {
		if err := w.fits(s.central - s.block); err != nil {
			return err
		}
	}
	a := &archive{work: w, s: s, r: r, offsets: map[string]int64{}, digests: map[apkAlgorithm][]byte{}}
	var contents map[string][]byte
	if signed(s) {
		contents = a.signatureMembers()
		a.manifest = a.acceptManifest(contents)
		a.jar(contents)
	}
	a.gaps()
	if s.block != 0 {
		a.apk()
	}
	out, err := a.write()
	w.graft.Bytes = out
	return err
}

// taken reports whether the shipped file's own bytes of a member are grafted.
func (a *archive) taken(name string) bool {
	r := roleOf(name)
	return r.ofSignature() || r == roleManifest && a.manifest
}

// write lays out members, signing block, directory and end record.
func (a *archive) write() ([]byte, error) {
	out := a.locals()
	if a.s.block != 0 {
		out = append(out, a.padding(int64(len(out)))...)
		out = append(out, a.shipped[a.s.block:a.s.central]...)
		a.area(a.s.block, a.s.central)
	}
	central := int64(len(out))
	out, count := a.directory(out)
	end := int64(len(out))
	if end > 0xfffffffe || count >= 0xffff {
		return nil, refuse(TooLarge, "the grafted zip would need 64-bit fields")
	}
	out = append(out, a.rebuilt[a.r.end:]...)
	e := out[end:]
	binary.LittleEndian.PutUint16(e[8:], uint16(count))
	binary.LittleEndian.PutUint16(e[10:], uint16(count))
	binary.LittleEndian.PutUint32(e[12:], uint32(end-central))
	binary.LittleEndian.PutUint32(e[16:], uint32(central))
	a.area(a.s.end+8, a.s.end+20)
	return out, nil
}

// locals writes the members. Those of the signature come from the shipped file,
// all others from the rebuilt one, with whatever lies behind them there.
func (a *archive) locals() []byte {
	spans := map[string][]byte{}
	for nth, i := range a.r.order {
		from, to := a.r.span(nth)
		spans[a.r.members[i].name] = a.rebuilt[from:to]
	}
	out := make([]byte, 0, len(a.shipped))
	if len(a.r.order) > 0 {
		out = append(out, a.rebuilt[:a.r.members[a.r.order[0]].offset]...)
	}
	put := func(name string, record []byte) {
		a.offsets[name] = int64(len(out))
		out = append(out, record...)
	}
	for _, i := range a.s.order {
		m := a.s.members[i]
		if a.taken(m.name) {
			put(m.name, a.shipped[m.offset:m.end])
			a.area(m.offset, m.end)
			a.area(m.centralAt, m.centralAt+int64(len(m.central)))
			continue
		}
		record, ok := spans[m.name]
		if !ok {
			a.note(MemberNotRebuilt, m.offset, m.end-m.offset, "the member %q is not in the rebuilt file", m.name)
			continue
		}
		put(m.name, record)
		a.area(m.centralAt+42, m.centralAt+46)
	}
	for _, i := range a.r.order {
		name := a.r.members[i].name
		if _, done := a.offsets[name]; !done && !a.taken(name) {
			put(name, spans[name])
		}
	}
	return out
}

// padding aligns the signing block to a page where the shipped file has it so.
func (a *archive) padding(at int64) []byte {
	gap := a.s.block - a.s.content
	if gap <= 0 || gap >= apkPage || a.s.block%apkPage != 0 {
		return nil
	}
	a.area(a.s.content, a.s.block)
	return make([]byte, aligned(at, apkPage)-at)
}

// directory writes the central directory in the shipped file's order.
func (a *archive) directory(out []byte) ([]byte, int) {
	count, done := 0, map[string]bool{}
	put := func(name string, record []byte) {
		at := len(out)
		out = append(out, record...)
		binary.LittleEndian.PutUint32(out[at+42:], uint32(a.offsets[name]))
		done[name] = true
		count++
	}
	records := map[string][]byte{}
	for _, m := range a.r.members {
		records[m.name] = m.central
	}
	for _, m := range a.s.members {
		if a.taken(m.name) {
			put(m.name, m.central)
		} else if record, ok := records[m.name]; ok {
			put(m.name, record)
		}
	}
	for _, m := range a.r.members {
		if _, written := a.offsets[m.name]; written && !done[m.name] {
			put(m.name, m.central)
		}
	}
	return out, count
}

// gaps flags bytes between the members of the shipped file that the rebuilt one
// does not have there.
func (a *archive) gaps() {
	behind := map[string][]byte{}
	for nth, i := range a.r.order {
		_, to := a.r.span(nth)
		behind[a.r.members[i].name] = a.rebuilt[a.r.members[i].end:to]
	}
	if len(a.s.order) == 0 {
		return
	}
	for nth, i := range a.s.order {
		m := a.s.members[i]
		_, to := a.s.span(nth)
		if a.s.block != 0 {
			to = min(to, a.s.block)
		}
		if nth == len(a.s.order)-1 && a.s.block != 0 {
			continue // the signing block's padding is judged with it
		}
		if to > m.end && !bytes.Equal(a.shipped[m.end:to], behind[m.name]) {
			a.flag(ZipGap, m.end, to-m.end, "%d bytes behind the member %q that belong to no member", to-m.end, m.name)
		}
	}
}
