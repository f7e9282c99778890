package proxy

import (
	"log"
	"net/http"
	"time"
)

const (
	// headerTimeout is how long a request's header may take to come in; it
	// bounds what a client that sends a byte now and then can hold.
	headerTimeout = 10 * time.Second
	// keepAlive is how long an idle connection of an app stays open. It is
	// longer than common client pools keep theirs, so that the client is the one that closes.
	keepAlive = 120 * time.Second
)

// NewServer makes the http.Server of one listener. Bodies have no total limit
// of time: their pieces have idle timeouts each way (see [Listen]).
func NewServer(h http.Handler, maxHeader int, errors *log.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       keepAlive,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          errors,
		// OPTIONS * is answered by the guard's rules like everything else.
		DisableGeneralOptionsHandler: true,
	}
}
