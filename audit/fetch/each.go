package fetch

import (
	"context"
	"sync"
	"sync/atomic"
)

// each calls do for 0 to n-1, some at once, until the context ends.
func each(ctx context.Context, n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, workers) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	wg.Wait()
}

// breakAfter is how many transfers in a row may go unanswered before the rest
// of a set is given up, instead of waiting for each of them.
const breakAfter = 2 * workers

// A breaker gives up on a set of transfers once nobody answers any more.
type breaker struct {
	mu     sync.Mutex
	silent int
	last   error
}

func (b *breaker) do(transfer func() error) error {
	b.mu.Lock()
	open, last := b.silent >= breakAfter, b.last
	b.mu.Unlock()
	if open {
		return refuse(CodeOf(last), "", "given up, since %d transfers before it were not answered", breakAfter).because(last)
	}
	err := transfer()
	b.mu.Lock()
	defer b.mu.Unlock()
	if CodeOf(err) == Transport {
		b.silent++
		b.last = err
	} else {
		b.silent = 0
	}
	return err
}
