package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/cleengate/cleengate/internal/console"
)

// maxAdminAnswer bounds what is read of an answer of the admin listener.
const maxAdminAnswer = 1 << 20

func newPurge(s streams, load loader) *cobra.Command {
	var admin string
	var what console.Purge
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "Drop stored answers of the running cleengate",
		Long: "Drops answers that the running cleengate has stored, and says how many. Those that are under way are not stored either.\n" +
			"Use it after a change that Cleeng does not tell of, such as an edit in its dashboard.",
		Example: "  cleengate purge --path /3.1/offers/S123456789\n  cleengate purge --tag offers\n  cleengate purge --all",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			target, err := adminTarget(cmd, admin, load)
			if err != nil {
				return err
			}
			n, err := target.purge(cmd, what)
			if err != nil {
				return failed(err)
			}
			_, err = fmt.Fprintf(s.out, "purged %d\n", n)
			return err
		},
	}
	adminFlag(cmd, &admin)
	f := cmd.Flags()
	f.StringVar(&what.Path, "path", "", "path as it goes to Cleeng, without query")
	f.StringVar(&what.Template, "template", "", "path template, as in the metrics: /3.1/offers/{offerId}")
	f.StringVar(&what.Customer, "customer", "", "a customer's id: all that is known to be of that customer")
	f.StringVar(&what.Tag, "tag", "", "kind of data: offers, offer-lists, season-groups, customers, purchases, entitlements, consents, offer:ID, customer:ID")
	f.BoolVar(&what.All, "all", false, "everything")
	cmd.MarkFlagsOneRequired("path", "template", "customer", "tag", "all")
	cmd.MarkFlagsMutuallyExclusive("path", "template", "customer", "tag", "all")
	return cmd
}

// purge asks the running cleengate to drop answers.
func (a *adminClient) purge(cmd *cobra.Command, what console.Purge) (int, error) {
	body, err := json.Marshal(what)
	if err != nil {
		return 0, fmt.Errorf("purge: %w", err)
	}
	resp, err := a.send(cmd.Context(), http.MethodPost, "/api/v1/cache/purge", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAdminAnswer))
	if err != nil {
		return 0, fmt.Errorf("cleengate at %s: %w", a.base, err)
	}
	var answer struct {
		Purged int    `json:"purged"`
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, fmt.Errorf("cleengate at %s answered %s, which is no JSON: %w", a.base, resp.Status, err)
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("cleengate at %s refused (%s): %w", a.base, resp.Status, errors.New(answer.Detail))
	}
	return answer.Purged, nil
}
