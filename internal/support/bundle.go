package support

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// Names of the parts of a bundle, in their order in it.
const (
	PartReport      = "report.md"
	PartHAR         = "exchange.har"
	PartCurl        = "curl.sh"
	PartConfig      = "config.yaml"
	PartEnvironment = "environment.md"
	PartQuota       = "quota.md"
	PartManifest    = "manifest.json"
)

// Parts returns the names of all parts, in order.
func Parts() []string {
	return []string{PartReport, PartHAR, PartCurl, PartConfig, PartEnvironment, PartQuota, PartManifest}
}

// Bundle is what an escalation bundle is made of. Case and Redactor are
// required.
type Bundle struct {
	Case
	Version     string
	Created     time.Time
	Config      []byte // the configuration as YAML, secrets masked; none leaves its part out
	Environment Environment
	// Quota writes the case for a higher limit as Markdown; nil, and an error,
	// leave its part out, and the manifest says why.
	Quota func() ([]byte, error)
	// Omit names parts that are not wanted.
	Omit []string
	// Redactor finds the secrets that the process knows.
	Redactor *redact.Redactor
}

// part is one file of the archive.
type part struct {
	name    string
	content []byte
}

// Refusal is the error of [Bundle.Zip] for a bundle that holds a secret.
type Refusal struct {
	Found []Finding // at least one
}

// Finding is a secret that the last scan found, by what it belongs to.
type Finding struct {
	Part string `json:"part"` // name of the part
	Rule string `json:"rule"` // owner and spelling, never the value
}

func (r *Refusal) Error() string {
	list := make([]string, len(r.Found))
	var names []string
	for i, f := range r.Found {
		list[i] = f.Part + " (" + f.Rule + ")"
		names = append(names, "--omit "+f.Part)
	}
	return "the bundle was not written, as its last scan found a secret in " + strings.Join(list, ", ") +
		"; leave the part out with " + strings.Join(slices.Compact(names), " ") + ", and please report what was not masked"
}

// UnknownPart is the error for a name that no part of a bundle has.
type UnknownPart struct{ Name string }

func (u *UnknownPart) Error() string {
	return fmt.Sprintf("%q is no part of a bundle; the parts are %s", u.Name, strings.Join(Parts(), ", "))
}

// Zip returns the bundle as an archive. Every part, and its name, is searched
// for every known secret at last; if one is found, nothing is returned but a
// *[Refusal]. An unknown name in Omit is an *[UnknownPart].
func (b *Bundle) Zip() ([]byte, error) {
	for _, name := range b.Omit {
		if !slices.Contains(Parts(), name) {
			return nil, &UnknownPart{name}
		}
	}
	parts, err := b.parts()
	if err != nil {
		return nil, err
	}
	if err := b.scan(parts); err != nil {
		return nil, err
	}
	return pack(parts, b.Created)
}

// parts builds all parts that are wanted.
func (b *Bundle) parts() ([]part, error) {
	masker := redact.NewMasker() // for this bundle alone
	c := b.Case
	c.Record = retag(b.Record, masker)
	list := newManifest(b, c.Record)
	var parts []part
	add := func(name string, content []byte, reason string) {
		switch {
		case slices.Contains(b.Omit, name):
			list.leaveOut(name, "left out by --omit")
		case len(content) == 0:
			list.leaveOut(name, reason)
		default:
			parts = append(parts, part{name, content})
		}
	}
	text := func(content []byte) []byte { return []byte(masker.Retag(string(b.Redactor.Text(content)))) }

	har, err := HAR(c, b.Version)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", PartHAR, err)
	}
	quota, why := b.quota()
	add(PartReport, Markdown(c), "")
	add(PartHAR, har, "")
	add(PartCurl, Curl(c), "")
	add(PartConfig, quotedMasks(text(withoutPaths(b.Config))), "no configuration was given")
	add(PartEnvironment, text(b.Environment.markdown(&c, b)), "")
	add(PartQuota, text(quota), why)
	manifest, err := list.encode(parts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", PartManifest, err)
	}
	if !slices.Contains(b.Omit, PartManifest) {
		parts = append(parts, part{PartManifest, manifest})
	}
	return parts, nil
}

func (b *Bundle) quota() (content []byte, why string) {
	if b.Quota == nil {
		return nil, "no figures are kept"
	}
	content, err := b.Quota()
	if err != nil {
		return nil, "it could not be made: " + err.Error()
	}
	return content, "there are no figures yet"
}

// scan looks for known secrets in everything that would be written. Nothing
// may be changed after it.
func (b *Bundle) scan(parts []part) error {
	var found []Finding
	for _, p := range parts {
		for _, content := range [][]byte{p.content, []byte(p.name)} {
			if rule, ok := b.Redactor.Find(content); ok {
				found = append(found, Finding{Part: p.name, Rule: rule})
				break
			}
		}
	}
	if len(found) > 0 {
		return &Refusal{Found: found}
	}
	return nil
}

func pack(parts []part, created time.Time) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, p := range parts {
		h := &zip.FileHeader{Name: p.name, Method: zip.Deflate, Modified: created.UTC()}
		mode := os.FileMode(0o600)
		if p.name == PartCurl {
			mode = 0o700
		}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(p.content)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
