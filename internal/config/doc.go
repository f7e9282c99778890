// Package config is the configuration of cleengate: its types and defaults,
// the layers that fill it, the checks that refuse a wrong one, and the parts
// that keep it current while the process runs.
//
// # Layers
//
// A value comes from the highest layer that sets it: flag, then environment,
// then file, then default. The key is the same everywhere. The key
// admin.listen is, from high to low:
//
//	--admin.listen=127.0.0.1:9000
//	CLEENGATE_ADMIN_LISTEN=127.0.0.1:9000
//	admin: {listen: 127.0.0.1:9000}
//
// [Load] reads the layers, validates the whole, and reports every fault at
// once; each is an [Error] that names the key and where its value came from.
// A file's entry of a map such as upstreams changes only the keys it names;
// the rest of that entry keeps its defaults.
//
// An environment variable that is set but empty counts as not set, so that
// compose files and charts can pass optional ones through. To empty a value
// that has a default, write "" in the file or give an empty flag.
//
// # Secrets
//
// Every secret key has a twin with the suffix _file. Exactly one of the two
// may be given, over all layers. After Load the secret's own field holds the
// value wherever it came from. Secrets have no flag, since a command line is
// visible to every user of the machine. [SecretWatcher] follows the files.
//
// # Errors
//
// An error names keys, lines and values of ordinary keys; it never shows the
// value of a secret.
package config
