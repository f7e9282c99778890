package tokens

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Run implements [Credential]: it reloads the values every Poll.
func (k *Keys) Run(ctx context.Context) error {
	var tick <-chan time.Time
	if k.reload != nil && k.poll > 0 {
		ticker := time.NewTicker(k.poll)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.closed:
			return nil
		case <-tick:
			k.reread(ctx)
		}
	}
}

// Close implements [Credential].
func (k *Keys) Close() error {
	k.closeOnce.Do(func() { close(k.closed) })
	return nil
}

// reread asks reload for the values. Concurrent callers read one after the
// other, so that each sees what the file held after its call was refused.
func (k *Keys) reread(ctx context.Context) {
	if k.reload == nil {
		return
	}
	select {
	case k.reloading <- struct{}{}:
		defer func() { <-k.reloading }()
	case <-ctx.Done():
		return
	}
	values, err := k.reload(ctx)
	if err == nil && len(values) == 0 {
		err = errors.New("no value is left")
	}
	if err == nil {
		err = k.SetKeys(values)
	}
	if ctx.Err() != nil {
		return
	}
	if failed := err != nil; k.reloadFails.Swap(failed) != failed {
		if failed {
			k.log.Error("the credential could not be read anew; the last good value stays in use", slog.Any("error", err))
			return
		}
		k.log.Info("the credential can be read again")
	}
}
