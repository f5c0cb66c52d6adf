package sandbox

func elsewhere() (int, bool) { return 0, false }
