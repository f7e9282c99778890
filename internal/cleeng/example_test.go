package cleeng_test

import (
	"fmt"

	"github.com/cleengate/cleengate/internal/cleeng"
)

func ExampleLookup() {
	e, params := cleeng.Lookup(cleeng.SurfaceMediaStore, "GET", "/customers/123/subscriptions")
	id, _ := params.Get("customerId")
	fmt.Println(e.Template, e.Retry, id)

	e, _ = cleeng.Lookup(cleeng.SurfaceMediaStore, "GET", "/customers/../offers")
	fmt.Println(e.Template, e.Retry)
	// Output:
	// /customers/{customerId}/subscriptions R 123
	// other X
}

func ExampleRPC_Inject() {
	body := []byte(`[{"method":"listVodOffers","params":{"limit":10},"id":1},{"method":"getCustomer","params":{"customerToken":"c"},"id":2}]`)
	r, err := cleeng.ParseRPC(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", r.Inject(nil, "KEY", func(i int) bool { return r.Calls[i].Fillable() }))
	// Output:
	// [{"method":"listVodOffers","params":{"publisherToken":"KEY","limit":10},"id":1},{"method":"getCustomer","params":{"customerToken":"c"},"id":2}]
}

func ExampleEndpoint_AppendStales() {
	e, params := cleeng.Lookup(cleeng.SurfaceCore, "PATCH", "/3.1/offers/S123456789_US")
	fmt.Println(e.AppendStales(nil, params, nil, false))
	// Output: [offer:S123456789 offer-lists season-groups]
}

func ExampleClassifyBody() {
	body := []byte(`{"errors":["Google reCAPTCHA verification required!"],"code":"CPT0001"}`)
	code := cleeng.ClassifyBody(cleeng.SurfaceMediaStore, 429, body)
	fmt.Println(code, cleeng.IsThrottle(429, code))
	// Output: CPT0001 false
}
