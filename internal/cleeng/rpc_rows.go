package cleeng

func rpcRows() []Endpoint { return nil }
