package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/internal/support"
)

const (
	bundleTimeout = 60 * time.Second
	maxBundle     = 256 << 20
)

// bundleFlags are what the command bundle can be told.
type bundleFlags struct {
	admin, output string
	omit          []string
	force         bool
}

func newBundle(s streams, load loader) *cobra.Command {
	var f bundleFlags
	cmd := &cobra.Command{
		Use:   "bundle [REQUEST_ID]",
		Short: "Write what Cleeng's support needs to know of a failed call",
		Long: "Writes a zip with the cause of a call's failure, a report in the order of Cleeng's list of what to collect before an\n" +
			"escalation, the exchange as HAR and as a curl line, the configuration and the environment. Secrets and personal data are\n" +
			"masked. Without REQUEST_ID it is about the newest failure, and if nothing failed about the newest call.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := adminTarget(cmd, f.admin, load)
			if err != nil {
				return err
			}
			id := ""
			if len(args) == 1 {
				id = args[0]
			}
			return writeBundle(cmd.Context(), s, target, id, &f)
		},
	}
	adminFlag(cmd, &f.admin)
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "file to write; - is standard output (default cleengate-bundle-ID.zip)")
	cmd.Flags().StringSliceVar(&f.omit, "omit", nil, "part to leave out; may be repeated: "+strings.Join(support.Parts(), ", "))
	cmd.Flags().BoolVar(&f.force, "force", false, "overwrite the file")
	return cmd
}

func writeBundle(ctx context.Context, s streams, target *adminClient, id string, f *bundleFlags) error {
	if f.output == "-" && isTerminal(s.out) {
		return usage(errors.New("a zip does not belong on a terminal; redirect the output, or leave out -o"))
	}
	archive, name, err := fetchBundle(ctx, target, id, f.omit)
	if err != nil {
		return failed(err)
	}
	if f.output == "-" {
		if _, err := s.out.Write(archive); err != nil {
			return failed(err)
		}
		return nil
	}
	if f.output != "" {
		name = f.output
	}
	if err := writeNew(name, archive, f.force); err != nil {
		return failed(err)
	}
	fmt.Fprint(s.out, bundleSummary(name, archive))
	return nil
}

// fetchBundle asks the running proxy. Its answers other than a bundle become
// the error.
func fetchBundle(ctx context.Context, target *adminClient, id string, omit []string) (archive []byte, name string, err error) {
	ctx, cancel := context.WithTimeout(ctx, bundleTimeout)
	defer cancel()
	q := url.Values{"omit": omit}
	if id != "" {
		q.Set("request_id", id)
	}
	resp, err := target.get(ctx, "/api/v1/bundle?"+q.Encode())
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBundle+1))
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("the answer of cleengate at %s broke off: %w", target.base, err)
	case resp.StatusCode != http.StatusOK:
		return nil, "", bundleProblem(target, resp.Status, body)
	case len(body) > maxBundle:
		return nil, "", fmt.Errorf("the bundle is larger than %d MiB", maxBundle>>20)
	}
	name = "cleengate-bundle.zip"
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		name = filepath.Base(params["filename"])
	}
	return body, name, nil
}

// bundleProblem says in words why there is no bundle.
func bundleProblem(target *adminClient, status string, body []byte) error {
	var p struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Recent *[]struct {
			RequestID string    `json:"request_id"`
			Time      time.Time `json:"time"`
			Method    string    `json:"method"`
			Endpoint  string    `json:"endpoint"`
			Status    int       `json:"status"`
			Diagnosis string    `json:"diagnosis"`
		} `json:"recent_failures"`
	}
	if json.Unmarshal(body, &p) != nil || p.Detail == "" {
		return fmt.Errorf("cleengate at %s answered %s", target.base, status)
	}
	if p.Recent == nil {
		return errors.New(redact.PrintableText(p.Detail) + tokenHint(p.Code))
	}
	if len(*p.Recent) == 0 {
		return errors.New(redact.PrintableText(p.Detail) + "\nNo call has failed of late.")
	}
	var b strings.Builder
	b.WriteString(p.Detail + "\nRecent failures, the newest first:\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, x := range *p.Recent {
		fmt.Fprintf(w, "  %s\t%s\t%d\t%s %s\t%s\n", x.RequestID, x.Time.Format(time.RFC3339), x.Status, x.Method, x.Endpoint, x.Diagnosis)
	}
	_ = w.Flush() // to memory
	return errors.New(redact.PrintableText(strings.TrimSuffix(b.String(), "\n")))
}

// bundleSummary says what was written, and what the bundle says first.
func bundleSummary(name string, archive []byte) string {
	out := "wrote " + redact.Printable(name) + "\n"
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return out
	}
	f, err := z.Open(support.PartManifest)
	if err != nil {
		return out // it was left out
	}
	defer func() { _ = f.Close() }()
	var m struct {
		RequestID string `json:"request_id"`
		Diagnosis string `json:"diagnosis"`
		Cause     string `json:"cause"`
		Facts     []string
		Next      string `json:"next"`
	}
	if json.NewDecoder(io.LimitReader(f, maxBundle)).Decode(&m) != nil {
		return out
	}
	out += "request id: " + m.RequestID + "\ncause: " + m.Cause + " (" + m.Diagnosis + ")\n"
	for _, fact := range m.Facts {
		out += "because: " + fact + "\n"
	}
	return redact.PrintableText(out + "next step: " + m.Next + "\n")
}

// writeNew writes a file that only its owner may read, whole or not at all. One
// that is there already is kept unless force is set.
func writeNew(name string, content []byte, force bool) (err error) {
	if _, err := os.Lstat(name); err == nil && !force {
		return fmt.Errorf("%s is there already; name another file with -o, or overwrite it with --force", name)
	}
	defer func() {
		// The file that they name is ours, and gone.
		if path, ok := errors.AsType[*fs.PathError](err); ok {
			err = path.Err
		} else if link, ok := errors.AsType[*os.LinkError](err); ok {
			err = link.Err
		} else {
			return
		}
		err = fmt.Errorf("the bundle could not be written to %s: %w; make room there, or name another place with -o", name, err)
	}()
	tmp, err := os.CreateTemp(filepath.Dir(name), ".cleengate-bundle-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	if _, err := tmp.Write(content); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if !force {
		// Unlike a rename, a link never replaces a file that came in between.
		switch err := os.Link(tmp.Name(), name); {
		case err == nil:
			return os.Remove(tmp.Name())
		case errors.Is(err, fs.ErrExist):
			return fmt.Errorf("%s is there already; name another file with -o, or overwrite it with --force", name)
		}
	}
	return os.Rename(tmp.Name(), name)
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull) // a character device too
	return err != nil || !os.SameFile(info, null)
}
