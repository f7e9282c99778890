package main

import (
	"log/slog"
	"net/http"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
)

// newJournal makes the journal, which masks with the log's own redactor.
func (p *process) newJournal(cfg *config.Config) {
	p.journal = journal.New(journal.Options{Redactor: p.redactor, MaxSize: int64(cfg.Journal.MaxSize), Body: int64(cfg.Journal.Body)})
	p.metrics.RegisterJournal(p.journal.Bytes)
}

// keep is a sink that adds each exchange to the journal after next has seen
// it, and logs its messages where the configuration wants that.
func (p *process) keep(next func(*journal.Exchange)) func(*journal.Exchange) {
	return func(x *journal.Exchange) {
		next(x)
		if rec := p.journal.Add(x, logsBodies(p.cfg.Load().Journal.LogBodies, x)); rec != nil {
			logMessages(p.log.Logger, rec)
		}
	}
}

func logsBodies(which config.LogBodies, x *journal.Exchange) bool {
	switch which {
	case config.LogAllBodies:
		return true
	case config.LogFailedBodies:
		return x.Status >= http.StatusBadRequest || x.Diagnosis != ""
	case config.LogNoBodies:
	}
	return false
}

// logMessages logs what the app sent and got. Both are masked, and as long as
// the journal keeps them.
func logMessages(log *slog.Logger, rec *journal.Record) {
	log.Info("messages", "request_id", rec.RequestID, "diagnosis", rec.Diagnosis, "request", logged(&rec.Request), "response", logged(&rec.Response))
}

func logged(m *journal.Message) slog.Value {
	attrs := make([]slog.Attr, 0, 6)
	if m.Method != "" {
		attrs = append(attrs, slog.String("method", m.Method), slog.String("url", m.URL))
	} else {
		attrs = append(attrs, slog.Int("status", m.Status))
	}
	headers := make([]any, 0, len(m.Header))
	for i := 0; i < len(m.Header); {
		name, values := m.Header[i].Name, []string(nil)
		for ; i < len(m.Header) && m.Header[i].Name == name; i++ {
			values = append(values, m.Header[i].Value)
		}
		if len(values) == 1 {
			headers = append(headers, slog.String(name, values[0]))
		} else {
			headers = append(headers, slog.Any(name, values))
		}
	}
	attrs = append(attrs, slog.Group("headers", headers...))
	if b := m.Body; b.Form != journal.FormNone {
		attrs = append(attrs, slog.Int64("body_bytes", b.Size), slog.String("body_form", string(b.Form)), slog.Bool("body_cut", b.Cut), slog.String("body", string(b.Bytes)))
	}
	return slog.GroupValue(attrs...)
}
