package sections

// Fields splits a Record into its regions, which tile it. Any other region is
// its own only field.
func (l *Layout) Fields(r Region) []Region {
	if r.Role != Record || r.split == nil {
		return []Region{r}
	}
	list := r.split()
	for i := range list {
		list[i].Path = r.Path
	}
	return list
}

// field is one field of a record of fixed shape.
type field struct {
	length int64 // bytes
	role   Role
	name   string
}

// divide lays the fields of a record out from an offset. What names a field in
// another file is the record's key and the field's name.
func divide(from int64, key string, fields []field) []Region {
	list := make([]Region, 0, len(fields))
	for _, f := range fields {
		if f.length > 0 {
			list = append(list, Region{From: from, To: from + f.length, Role: f.role, Key: key + ": " + f.name})
		}
		from += f.length
	}
	return list
}

// record adds a region that splits.
func (c *cover) record(from, to int64, key string, split func() []Region) {
	c.put(Region{From: from, To: to, Role: Record, Key: key, split: split})
}
