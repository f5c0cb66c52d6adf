package tools

import "os"

var _ = os.Args
