package support

import (
	"encoding/json"
	"strconv"

	"github.com/cleengate/cleengate/internal/journal"
)

// manifest says what is in a bundle, and what is not and why.
type manifest struct {
	RequestID string         `json:"request_id"`
	Created   string         `json:"created_at"`
	Program   string         `json:"program"`
	Diagnosis string         `json:"diagnosis"`
	Cause     string         `json:"cause"`
	Facts     []string       `json:"facts"`
	Next      string         `json:"next"`
	Included  []includedPart `json:"included"`
	Masked    []maskedPlace  `json:"masked"`
	Cut       []cutPlace     `json:"cut"`
	LeftOut   []leftOutPlace `json:"left_out"`
	Scan      string         `json:"scan"`
}

type includedPart struct {
	Part  string `json:"part"`
	Bytes int    `json:"bytes"`
}

// maskedPlace is a place of the exchange with hidden values in it.
type maskedPlace struct {
	Where  string `json:"where"`
	Values int    `json:"values"`
}

type cutPlace struct {
	Where string `json:"where"`
	Kept  int    `json:"kept_bytes"`
	Of    int64  `json:"of_bytes"`
}

type leftOutPlace struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

func newManifest(b *Bundle, rec *journal.Record) *manifest {
	d := cause(rec)
	m := &manifest{
		RequestID: rec.RequestID, Created: stamp(b.Created), Program: "cleengate " + b.Version, Diagnosis: d.Code, Cause: d.Sentence, Facts: append([]string{}, d.Facts...), Next: d.Next,
		Included: []includedPart{}, Masked: []maskedPlace{}, Cut: []cutPlace{}, LeftOut: []leftOutPlace{},
		Scan: "every part was searched for every secret that the process knows, also in base64, hexadecimal, percent-encoding and escapes; none was found",
	}
	if rec.Abridged {
		m.leaveOut("headers and bodies of the exchange", "many calls like it came at once, and only some are kept whole")
	}
	m.message("request of the app", &rec.Request)
	for i := range rec.Attempts {
		n := "attempt " + strconv.Itoa(i+1)
		m.message("request of "+n, &rec.Attempts[i].Request)
		m.message("response to "+n, &rec.Attempts[i].Response)
	}
	m.message("response to the app", &rec.Response)
	return m
}

// message notes what of a message is hidden, cut or missing.
func (m *manifest) message(name string, msg *journal.Message) {
	m.mask(name+": URL", msg.URL)
	for _, list := range [][]journal.Field{msg.Header, msg.Trailer} {
		for _, f := range list {
			m.mask(name+": header "+f.Name, f.Value)
		}
	}
	if msg.Omitted > 0 {
		m.leaveOut(name+": "+plural(int64(msg.Omitted), "header field"), "it had too many")
	}
	b := &msg.Body
	m.mask(name+": body", string(b.Bytes))
	switch {
	case b.Form == journal.FormShape:
		m.Cut = append(m.Cut, cutPlace{name + ": body, of which the shape is kept", len(b.Bytes), b.Size})
	case b.Form == journal.FormBinary, b.Form == journal.FormCompressed, b.Form == journal.FormNone && b.Size > 0:
		m.leaveOut(name+": body", remark(b))
	case b.Cut, b.Form == journal.FormExcerpt:
		m.Cut = append(m.Cut, cutPlace{name + ": body", len(b.Bytes), b.Size})
	}
}

func (m *manifest) mask(where, text string) {
	if n := len(masks.FindAllString(text, -1)); n > 0 {
		m.Masked = append(m.Masked, maskedPlace{where, n})
	}
}

func (m *manifest) leaveOut(what, why string) {
	m.LeftOut = append(m.LeftOut, leftOutPlace{what, why})
}

func (m *manifest) encode(parts []part) ([]byte, error) {
	for _, p := range parts {
		m.Included = append(m.Included, includedPart{p.name, len(p.content)})
	}
	out, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}
