package tokens_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

// One call, from the place in line to the answer.
func Example() {
	keys, err := tokens.NewKeys(tokens.KeysConfig{
		Name: "publisher", Kind: tokens.KindPublisherToken,
		Values: []redact.Secret{redact.New("revoked"), redact.New("valid")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	call := &tokens.Call{Where: tokens.Where{Upstream: "core", Endpoint: "GET /3.1/offers"}}
	for again := true; again; {
		if err := keys.Secure(ctx); err != nil {
			fmt.Println(err)
			return
		}
		token, err := keys.Current(time.Now(), call)
		if err != nil {
			fmt.Println(err)
			return
		}
		header := make(http.Header)
		keys.Header().Set(header, token)
		status := http.StatusUnauthorized
		if header.Get("X-Publisher-Token") == "valid" {
			status = http.StatusOK
		}
		fmt.Println("key", token.Key+1, status)
		if tokens.Accepts(status) {
			keys.Accepted(call)
			break
		}
		if again, err = keys.Rejected(ctx, call); err != nil {
			fmt.Println(err)
		}
	}
	preferred, _ := keys.Current(time.Now(), nil)
	fmt.Println("preferred from now on: key", preferred.Key+1)
	// Output:
	// key 1 401
	// key 2 200
	// preferred from now on: key 2
}
