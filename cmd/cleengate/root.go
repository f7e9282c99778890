package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/cleengate/cleengate/internal/config"
)

// loader reads the configuration for a command: flags over environment over
// file over defaults.
type loader func(cmd *cobra.Command) (*config.Config, error)

// newRoot builds the command tree. Bare cleengate is cleengate serve.
func newRoot(s streams) *cobra.Command {
	var file string
	load := func(cmd *cobra.Command) (*config.Config, error) {
		cfg, err := config.Load(config.Options{File: file, Env: os.Environ(), Flags: cmd.Flags()})
		if err != nil {
			return nil, usage(err)
		}
		return cfg, nil
	}
	serve := newServe(s, load)
	root := &cobra.Command{
		Use:   "cleengate",
		Short: "A local proxy that keeps 401 and 429 away from apps that call Cleeng",
		Long: "cleengate stands between an app and the Cleeng APIs. Point the app's base URL at it: it puts in and renews\n" +
			"credentials, paces bursts to the quota, repeats only what is safe, and explains every failure.",
		Args:          cobra.NoArgs,
		RunE:          serve.RunE,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&file, "config", "", "configuration file (YAML)")
	config.BindFlags(root.Flags())
	config.BindFlags(serve.Flags())
	check := newCheck(s, load)
	config.BindFlags(check.Flags())
	root.AddCommand(
		serve, newDemo(s), check, newHealth(s, load), newWait(s, load), newBundle(s, load), newTail(s, load), newPurge(s, load), newQuota(s, load),
		newSimulate(s), newVersion(s), newMan(s),
	)
	return root
}
