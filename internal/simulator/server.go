package simulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server serves a simulator on a listener. Its methods may be used at the same
// time, but Listen must come before Serve.
type Server struct {
	sim  *Simulator
	http *http.Server

	mu       sync.Mutex
	listener net.Listener

	handlers inFlight
}

// NewServer returns a server for a simulator that the caller still owns.
func NewServer(sim *Simulator) *Server {
	s := &Server{sim: sim}
	s.http = &http.Server{
		Handler:           s.handlers.wrap(sim),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    1 << 20,
		// Faults break connections on purpose; net/http need not report them.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	return s
}

// Listen binds a TCP address, such as 127.0.0.1:0.
func (s *Server) Listen(addr string) error {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return fmt.Errorf("simulator: cannot listen on %s: %w", addr, err)
	}
	s.ListenOn(l)
	return nil
}

// ListenOn takes over a listener, such as a [PipeListener]. Serve closes it.
func (s *Server) ListenOn(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener = l
}

// Addr is the bound address, with the port that was chosen for port 0; empty
// before Listen.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// URL is the base URL of all surfaces, without a slash at the end; empty before Listen.
func (s *Server) URL() string {
	addr := s.Addr()
	if addr == "" {
		return ""
	}
	return "http://" + addr
}

// drain is how long calls may go on after the end was asked for.
const drain = 2 * time.Second

// Serve answers calls until ctx ends, then closes the listener, lets calls in
// flight end for two seconds and cuts off the rest. It returns nil then, and
// when [Server.Close] was called; no goroutine outlives it.
func (s *Server) Serve(ctx context.Context) error {
	s.mu.Lock()
	l := s.listener
	s.mu.Unlock()
	if l == nil {
		return errors.New("simulator: Serve before Listen; call Listen first")
	}
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(l) }()
	var err error
	select {
	case <-ctx.Done():
		err = s.shutdown(context.WithoutCancel(ctx))
		if served := <-failed; err == nil {
			err = served
		}
	case err = <-failed:
	}
	s.handlers.wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *Server) shutdown(ctx context.Context) error {
	_ = s.sim.Close() // never fails; ends calls that hang on purpose
	ctx, cancel := context.WithTimeout(ctx, drain)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close()
	}
	return nil
}

// Close ends Serve at once, cutting calls in flight. It may be called more than once.
func (s *Server) Close() error {
	_ = s.sim.Close()
	return s.http.Close()
}

// inFlight counts running handlers, so that Serve can wait for those of
// connections that were cut.
type inFlight struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n is 0; nil while nobody waits
}

func (f *inFlight) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.add(1)
		defer f.add(-1)
		h.ServeHTTP(w, r)
	})
}

func (f *inFlight) add(d int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n += d
	if f.n == 0 && f.idle != nil {
		close(f.idle)
		f.idle = nil
	}
}

func (f *inFlight) wait() {
	f.mu.Lock()
	if f.n == 0 {
		f.mu.Unlock()
		return
	}
	f.idle = make(chan struct{})
	idle := f.idle
	f.mu.Unlock()
	<-idle
}
