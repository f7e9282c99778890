package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Error codes of JSON-RPC 3.0; the negative ones are those of JSON-RPC itself.
const (
	rpcBadCustomerToken  = 1
	rpcBadPublisherToken = 3
	rpcNoOffer           = 4
	rpcMissingData       = 11
	rpcCustomerExists    = 13
	rpcAddressLimit      = 14
	rpcBadCredentials    = 15
	rpcBadReset          = 16
	rpcNoCustomer        = 23
	rpcParseError        = -32700
	rpcInvalidRequest    = -32600
	rpcNoMethod          = -32601
)

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// rpcReply has its members in the documented order; result stays beside an error.
type rpcReply struct {
	Result  any             `json:"result"`
	Error   *rpcError       `json:"error,omitempty"`
	ID      json.RawMessage `json:"id"`
	Version string          `json:"jsonrpc"`
}

type rpcRequest struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	ID     json.RawMessage `json:"id"`
}

func rpcRoutes() []*route {
	r := func(template string) *route {
		// Each element is recorded as a write or not; the POST says nothing.
		return &route{method: "POST", template: template, surface: surfaceRPC, access: public, read: true, handle: (*call).rpc}
	}
	return []*route{r("/3.0/json-rpc"), r("/api/3.0/json-rpc")}
}

// rpc answers a single call or a batch. Whatever happens inside, the HTTP status
// is 200, and the Content-Type of the request is not looked at.
func (c *call) rpc() answer {
	body := bytes.TrimSpace(c.body)
	if len(body) == 0 || body[0] != '[' {
		return jsonAnswer(http.StatusOK, c.rpcElement(body))
	}
	var batch []json.RawMessage
	if json.Unmarshal(body, &batch) != nil {
		return jsonAnswer(http.StatusOK, c.rpcFail(nil, rpcParseError, "Parse error"))
	}
	if len(batch) == 0 || len(batch) > c.knobs.RPC.MaxBatch {
		return jsonAnswer(http.StatusOK, c.rpcFail(nil, rpcInvalidRequest, "Invalid request: a batch has 1 to "+itoa(c.knobs.RPC.MaxBatch)+" calls"))
	}
	replies := make([]rpcReply, 0, len(batch))
	for _, element := range batch {
		replies = append(replies, c.rpcElement(element))
	}
	return jsonAnswer(http.StatusOK, replies)
}

func (c *call) rpcElement(raw []byte) rpcReply {
	var req rpcRequest
	if !json.Valid(raw) {
		return c.rpcFail(nil, rpcParseError, "Parse error")
	}
	if json.Unmarshal(raw, &req) != nil || req.Method == "" {
		return c.rpcFail(nil, rpcInvalidRequest, "Invalid request")
	}
	method, known := c.sim.methods[req.Method]
	name := "rpc " + req.Method
	if !known {
		name = "rpc other"
	}
	c.sim.tally.add(func(n *Counters) {
		n.RPCCalls++
		e := n.Endpoints[name]
		e.Arrivals++
		n.Endpoints[name] = e
	})
	if !known {
		return c.rpcFail(req.ID, rpcNoMethod, "Method "+req.Method+" not found")
	}
	call := &rpcCall{call: c, name: req.Method, params: params(req.Params)}
	if fail := call.authenticate(method.access); fail != nil {
		return c.rpcFail(req.ID, fail.Code, fail.Message)
	}
	c.sim.tally.handled(name)
	result, fail := method.handle(call)
	if fail != nil {
		return c.rpcFail(req.ID, fail.Code, fail.Message)
	}
	if !readsOnly(req.Method) {
		c.sim.tally.wrote(name+" "+digest(req.Params)[:16], append(c.naturalKeys(nil), bodyKeys(call.params)...))
	}
	return rpcReply{Result: result, ID: c.rpcID(req.ID), Version: "2.0"}
}

// params are the named parameters; a list or nothing gives none.
func params(raw json.RawMessage) object {
	var m object
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&m) != nil || m == nil {
		return object{}
	}
	return m
}

// readsOnly goes by the verb that the name begins with.
func readsOnly(method string) bool {
	for _, verb := range []string{"get", "list", "is", "fetch", "calculate"} {
		if strings.HasPrefix(method, verb) {
			return true
		}
	}
	return false
}

func (c *call) rpcFail(id json.RawMessage, code int, message string) rpcReply {
	c.sim.tally.add(func(n *Counters) {
		n.RPCErrors[code]++
		if code == rpcBadCustomerToken || code == rpcBadPublisherToken {
			n.Unauthorized++
		}
	})
	return rpcReply{Error: &rpcError{Code: code, Message: message}, ID: c.rpcID(id), Version: "2.0"}
}

// rpcID turns a number into a string, as the documented replies do.
func (c *call) rpcID(id json.RawMessage) json.RawMessage {
	if len(id) == 0 {
		return json.RawMessage("null")
	}
	if c.knobs.RPC.StringIDs && (id[0] == '-' || id[0] >= '0' && id[0] <= '9') {
		return json.RawMessage(strconv.Quote(string(id)))
	}
	return id
}

// weight is how much quota a call uses.
func (c *call) weight() int {
	if c.surface != surfaceRPC || c.knobs.Quota.Batch != "call" {
		return 1
	}
	var batch []json.RawMessage
	if json.Unmarshal(c.body, &batch) != nil {
		return 1
	}
	return max(1, len(batch))
}

// rpcCredential names the credential of a JSON-RPC body for the quotas: that of
// its first element.
func (c *call) rpcCredential() string {
	var batch []rpcRequest
	if json.Unmarshal(c.body, &batch) != nil || len(batch) == 0 {
		batch = make([]rpcRequest, 1)
		if json.Unmarshal(c.body, &batch[0]) != nil {
			return "none"
		}
	}
	p := params(batch[0].Params)
	if k := c.world.key(text(p, "publisherToken")); k != nil {
		return "key:" + k.Name
	}
	if t := c.world.custTokens[text(p, "customerToken")]; t != nil {
		return "customer:" + strconv.Itoa(t.customerID)
	}
	return "none"
}
