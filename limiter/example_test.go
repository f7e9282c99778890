package limiter_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

// A bucket learns from the header of an answer.
func ExampleBucket() {
	b, err := limiter.NewBucket(limiter.Config{Name: "publisher"}, "key", nil)
	if err != nil {
		panic(err)
	}
	place, err := b.Acquire(context.Background(), limiter.Call{Caller: "shop", Urgency: limiter.DefaultUrgency})
	if err != nil {
		panic(err)
	}
	place.Answered(limiter.Feedback{Status: http.StatusOK, Header: http.Header{
		"Ratelimit-Policy": {`"default";q=600;w=60`},
		"Ratelimit":        {`"default";r=599;t=60`},
	}})
	s := b.Snapshot()
	fmt.Printf("%.2f calls a second by %s, %d remain\n", s.Rate, s.Source, *s.Remaining)
	// Output: 9.88 calls a second by header, 599 remain
}

// A call that cannot be served in time is refused at once.
func ExampleRefused() {
	b, err := limiter.NewBucket(limiter.Config{Name: "publisher", Rate: 0.1}, "key", nil)
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	if _, err := b.Acquire(ctx, limiter.Call{}); err != nil {
		panic(err)
	}
	_, err = b.Acquire(ctx, limiter.Call{Deadline: time.Now().Add(time.Second)})
	if refused, ok := errors.AsType[*limiter.Refused](err); ok {
		fmt.Println(refused.Reason, refused.RetryAfter.Round(time.Second))
	}
	// Output: patience_exceeded 10s
}
