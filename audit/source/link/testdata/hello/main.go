// Hello only talks to its terminal.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
)

type names []string

func (n names) Len() int           { return len(n) }
func (n names) Less(i, j int) bool { return n[i] < n[j] }
func (n names) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }

func main() {
	list := names{"b", "a"}
	sort.Sort(list)
	var once sync.Once
	once.Do(func() { fmt.Println(strings.Join(list, " ")) })
	if err := json.NewEncoder(os.Stdout).Encode(list); err != nil {
		fmt.Println("error:", err)
	}
}
