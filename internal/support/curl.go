package support

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
)

// Curl writes the case as a POSIX shell script with one curl command that
// repeats the call: as it went upstream last, or to this proxy if it never
// left. Each hidden value is a variable to be set first. A call that is not
// safe to repeat says so and needs one more variable.
func Curl(c Case) []byte {
	rec := filled(c)
	m, where := &rec.Request, "to the proxy, as it never went upstream"
	base := strings.TrimSuffix(c.Gate, "/")
	if a := lastSent(rec); a != nil && a.Request.URL != "" {
		m, where, base = &a.Request, "to Cleeng, as it was sent last", ""
	}
	var vars placeholders
	way, notes := reach(&c, base != "", &vars)
	command := curlCommand(m, base, way, &vars)
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# The call of request id " + comment(rec.RequestID) + ", " + where + ".\n")
	if v := Judge(rec); v.Failed() {
		b.WriteString("# The app got " + strconv.Itoa(rec.Status) + ": " + comment(v.Sentence) + "\n")
	}
	if rec.Abridged {
		b.WriteString("# Its headers and body were not kept.\n")
	}
	for _, line := range append(notes, bodyNotes(m)...) {
		b.WriteString("# " + comment(line) + "\n")
	}
	if len(vars.order) > 0 {
		b.WriteString("# What is not written here comes from the environment.\n")
	}
	for _, v := range vars.order {
		b.WriteString(`: "${` + v.name + ":?set it to " + v.meaning + "}\"\n")
	}
	warning := hazard(rec)
	if warning == "" {
		b.WriteString(command + "\n")
		return printable(&b)
	}
	b.WriteString("# WARNING: " + warning + "\n")
	b.WriteString("if [ \"${REPEAT_UNSAFE_CALL:-no}\" = yes ]; then\n" + command + "\n")
	b.WriteString("else\n  echo " + quote("Not sent: "+warning+" Set REPEAT_UNSAFE_CALL=yes to send it all the same.") + " >&2\nfi\n")
	return printable(&b)
}

// printable is the script without what a terminal would act upon. A record has
// no such thing; this holds where one was made otherwise.
func printable(b *strings.Builder) []byte { return []byte(redact.PrintableText(b.String())) }

// leftOut are the fields that curl writes itself, or that belong to one
// connection.
func leftOut(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Host", "Content-Length", "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Expect":
		return true
	}
	return false
}

// reach returns the options that take a call the way that it took, and notes on
// what is no option. gate tells that it goes to this proxy.
func reach(c *Case, gate bool, vars *placeholders) (options, notes []string) {
	way := c.Ways[c.Record.Upstream]
	switch {
	case gate && c.Socket:
		return []string{"  --unix-socket " + vars.asked("CLEENGATE_SOCKET", "the path of cleengate's unix socket, as in listen")}, nil
	case gate:
		return nil, nil
	}
	if way.Authority {
		options = append(options, "  --cacert "+vars.asked("UPSTREAM_CA_FILE", "the path of the certificates to trust, as in upstreams."+plain(c.Record.Upstream)+".ca_file"))
	}
	if way.Direct {
		options = append(options, "  --noproxy '*'")
	}
	if way.Proxy {
		notes = append(notes, "cleengate sends it through the proxy of upstreams."+c.Record.Upstream+".proxy; for the same way set https_proxy to its URL.")
	}
	return options, notes
}

func curlCommand(m *journal.Message, base string, way []string, vars *placeholders) string {
	lines := []string{"curl --silent --show-error --include --globoff --path-as-is"}
	switch m.Method {
	case http.MethodGet:
	case http.MethodHead:
		lines[0] += " --head"
	default:
		lines[0] += " --request " + quote(m.Method)
	}
	typed := false
	for _, f := range m.Header {
		if leftOut(f.Name) || f.Value == "" || f.Name == "Content-Encoding" && m.Body.Form == journal.FormWhole {
			continue
		}
		if f.Name == "Accept-Encoding" {
			lines[0] += " --compressed"
		}
		typed = typed || f.Name == "Content-Type"
		lines = append(lines, "  --header "+vars.word(f.Name+": "+f.Value, f.Name))
	}
	switch {
	case m.Body.Size == 0 && len(m.Body.Bytes) == 0:
	case m.Body.Form == journal.FormWhole && !m.Body.Cut:
		if !typed {
			lines = append(lines, "  --header 'Content-Type:'") // curl would add one
		}
		lines = append(lines, "  --data-binary "+vars.word(string(m.Body.Bytes), "body"))
	default:
		lines = append(lines, "  --data-binary @request-body")
	}
	lines = append(append(lines, way...), "  "+vars.word(base+m.URL, "url"))
	return strings.Join(lines, " \\\n")
}

// bodyNotes say where the command differs from what was sent.
func bodyNotes(m *journal.Message) []string {
	var out []string
	if (m.Body.Size > 0 || len(m.Body.Bytes) > 0) && (m.Body.Form != journal.FormWhole || m.Body.Cut) {
		note := "Its body is not kept here; put it into the file request-body."
		if text := remark(&m.Body); text != "" {
			note = text + " " + note
		}
		out = append(out, note)
		if m.Body.Form == journal.FormShape {
			out = append(out, "Its shape: "+string(m.Body.Bytes))
		}
	}
	if m.Body.Encoding != "" && m.Body.Form == journal.FormWhole {
		out = append(out, "The body was sent with the coding "+m.Body.Encoding+", which is undone here.")
	}
	if m.Omitted > 0 {
		out = append(out, plural(int64(m.Omitted), "header field")+" had to be left out, as there were too many.")
	}
	var empty []string
	for _, f := range m.Header {
		if f.Value == "" && !leftOut(f.Name) {
			empty = append(empty, f.Name)
		}
	}
	if len(empty) > 0 {
		out = append(out, "Sent with an empty value, and left out here: "+strings.Join(empty, ", "))
	}
	return out
}

// comment is text for one line of a script's comment.
func comment(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, text)
}

// hazard says why a call must not simply be repeated, "" if it may be.
func hazard(rec *journal.Record) string {
	e := endpointOf(rec)
	switch {
	case e == nil:
		switch rec.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions:
			return ""
		}
		return "what this call does is not known here; it may change something twice."
	case e.Payment:
		return "this call charges money; sent again it may charge twice."
	case e.Retry == cleeng.RetryNever:
		return "this call may be carried out twice if it is sent again."
	case e.Retry == cleeng.RetryEffect:
		return "a repeat of this call is noticed, such as by a second e-mail or one more token."
	}
	return ""
}
