package config

import (
	"fmt"
	"slices"
	"strings"
)

// kindKeys are the keys that each kind of credential may have, besides kind
// and mode.
var kindKeys = map[CredentialKind][]string{
	PublisherToken: {"tokens", "tokens_file"},
	Session:        {"upstream", "email", "password", "password_file", "publisher_id", "refresh_token", "refresh_token_file"},
	Header:         {"name", "value", "value_file"},
}

func (c *checks) credentials() {
	used := map[string]bool{PublisherCredential: true}
	for _, upstream := range c.cfg.Upstreams {
		used[upstream.Credential] = true
	}
	set := c.credentialKeys()
	for _, name := range sortedNames(c.cfg.Credentials) {
		credential, path := c.cfg.Credentials[name], "credentials."+name
		if credential.Kind == "" {
			c.fault(path+".kind", "is missing", "write kind: publisher_token, session or header")
			continue
		}
		if c.foreignKeys(path, credential.Kind, set[name]) {
			continue
		}
		switch credential.Kind {
		case Session:
			c.session(path, credential, set[name])
		case Header:
			c.header(path, credential)
		case PublisherToken:
			if len(credential.Tokens) == 0 && credential.Mode != Pass {
				c.warn(path+".tokens", "no publisher key is configured, so calls go up with what the app sends; set "+path+".tokens_file")
			}
		}
		if !used[name] {
			c.warn(path, "no upstream uses this credential")
		}
	}
}

// credentialKeys are the keys of each credential that hold something.
func (c *checks) credentialKeys() map[string][]string {
	set := map[string][]string{}
	c.cfg.keys(func(k key) {
		if rest, ok := strings.CutPrefix(k.path, "credentials."); ok && !k.empty() {
			name, inner, _ := strings.Cut(rest, ".")
			set[name] = append(set[name], inner)
		}
	})
	return set
}

// foreignKeys refuses what belongs to another kind. A secret read from a file
// is blamed on the file's key.
func (c *checks) foreignKeys(path string, kind CredentialKind, set []string) bool {
	found := false
	allowed := kindKeys[kind]
	for _, inner := range set {
		if inner == "kind" || inner == "mode" || slices.Contains(allowed, inner) || slices.Contains(set, inner+fileSuffix) {
			continue
		}
		found = true
		c.fault(path+"."+inner, fmt.Sprintf("does not belong to a credential of kind %s", kind), fmt.Sprintf("remove it; this kind has kind, mode, %s", strings.Join(allowed, ", ")))
	}
	return found
}

// session is begun by a login or by a refresh token, not by both: after a
// restart it would not be clear which account goes on.
func (c *checks) session(path string, credential Credential, set []string) {
	if upstream := credential.Upstream; upstream != "" {
		if _, ok := c.cfg.Upstreams[upstream]; !ok {
			c.fault(path+".upstream", undefined(upstream, "upstreams"), "name one of "+orList(sortedNames(c.cfg.Upstreams)))
		}
	}
	login := []string{"email", "password", "publisher_id"}
	var missing []string
	for _, inner := range login {
		if !slices.Contains(set, inner) && !c.broken[path+"."+inner] {
			missing = append(missing, inner)
		}
	}
	refresh := !credential.RefreshToken.IsZero() || c.broken[path+".refresh_token"]
	switch {
	case refresh && len(missing) < len(login):
		at := c.given(path+".refresh_token_file", path+".refresh_token")
		c.fault(at, "a session cannot begin with both a login and a refresh token", "keep either email, password_file and publisher_id, or refresh_token_file")
	case refresh && c.cfg.StateDir == memoryOnly:
		at := c.given(path+".refresh_token_file", path+".refresh_token")
		c.fault(at, "a refresh token works once, and with state_dir: none its successor would be lost at the next restart", "set state_dir to a directory, or log in with email, password_file and publisher_id")
	case refresh:
	case len(missing) == len(login):
		c.fault(path, "a session needs a way to begin", "set email, password_file and publisher_id, or refresh_token_file")
	case len(missing) > 0:
		first := strings.Replace(missing[0], "password", "password_file", 1)
		c.faultAt(path, path+"."+first, "is missing", "a login needs email, password_file and publisher_id")
	}
}

// reservedHeaders would change how the message is framed or routed, or belong
// to cleengate itself.
var reservedHeaders = []string{
	"connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive", "proxy-connection",
	"te", "trailer", "transfer-encoding", "upgrade", "x-request-id",
}

func (c *checks) header(path string, credential Credential) {
	name := strings.ToLower(credential.Name)
	switch {
	case name == "":
		c.faultAt(path, path+".name", "is missing", "write the name of the header field, such as X-Api-Key")
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		// The grammar of a field name is wider (RFC 9110 section 5.6.2), but
		// servers take "_" for "-", and the others for an attack.
		c.fault(path+".name", quote(credential.Name)+" is not a safe header name", "use only letters, digits and hyphens, such as X-Api-Key")
	case slices.Contains(reservedHeaders, name) || strings.HasPrefix(name, "cleengate-"):
		c.fault(path+".name", quote(credential.Name)+" is a header that carries no credential", "name the field that the API reads the credential from, such as X-Api-Key")
	}
	if credential.Value.IsZero() && !c.broken[path+".value"] {
		c.faultAt(path, path+".value_file", "is missing", "name the file that holds the value of the header field")
	}
}
