package fetch

import (
	"context"
	"errors"
	"time"
)

// How often and how fast one place is asked again.
const (
	maxAttempts     = 4  // in a row without a byte more
	maxAttemptsEver = 24 // of one transfer, however slowly it goes on
	firstPause      = 500 * time.Millisecond
	longestPause    = 30 * time.Second
)

// retry calls try until it succeeds, fails for good, or has failed too often. A
// try that moved the transfer on starts the count again: a long transfer over a
// bad line ends, and one that stands still does too.
func (c *Client) retry(ctx context.Context, try func() (moved bool, err error)) (attempts int, err error) {
	failed := 0
	for attempts = 1; ; attempts++ {
		moved, err := try()
		if err == nil {
			return attempts, nil
		}
		e, own := errors.AsType[*Error](err)
		if !own || !e.again {
			return attempts, err
		}
		if moved {
			failed = 0
		}
		if failed++; failed >= maxAttempts || attempts >= maxAttemptsEver {
			return attempts, err
		}
		if err := c.hooks.sleep(ctx, pause(failed, e.after)); err != nil {
			return attempts, err
		}
	}
}

// pause doubles from try to try; what a server asks for counts up to a cap.
func pause(failed int, asked time.Duration) time.Duration {
	d := firstPause << (failed - 1)
	return min(max(d, asked), longestPause)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
