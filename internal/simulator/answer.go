package simulator

import (
	"encoding/json"
	"net/http"
)

// answer is a complete response before faults bend it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func jsonAnswer(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		// Every value that handlers pass is a map, slice, string, number or bool.
		return answer{status: http.StatusInternalServerError, header: http.Header{}, body: []byte(err.Error())}
	}
	return answer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: body}
}

func (a answer) with(name, value string) answer {
	a.header.Set(name, value)
	return a
}

type object = map[string]any

// media is the success envelope of the MediaStore API.
func media(data any) answer {
	return jsonAnswer(http.StatusOK, object{"responseData": data, "errors": []string{}})
}

// mediaError is its failure envelope: the published client reads errors and code.
func mediaError(status int, code, message string) answer {
	v := object{"responseData": object{}, "errors": []string{message}}
	if code != "" {
		v["code"] = code
	}
	return jsonAnswer(status, v)
}

// coreError is the failure body of Core 3.1.
func coreError(status int, message string) answer {
	return jsonAnswer(status, object{"message": message})
}

func noContent() answer { return answer{status: http.StatusNoContent, header: http.Header{}} }

// failure answers in the shape of the surface.
func failure(s surface, status int, code, message string) answer {
	switch s {
	case surfaceMediaStore, surfaceInApp:
		return mediaError(status, code, message)
	default:
		return coreError(status, message)
	}
}

func html(status int, title string) answer {
	return answer{
		status: status, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		body: []byte("<!DOCTYPE html><html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"),
	}
}

// throttled is the body of a 429 in one of the forms of quota.body.
func throttledAnswer(form string) answer {
	const status = http.StatusTooManyRequests
	switch form {
	case "errors":
		return jsonAnswer(status, object{"responseData": object{}, "errors": []string{"Too many requests"}})
	case "captcha_required":
		return failure(surfaceMediaStore, status, "CPT0001", "reCAPTCHA verification is required")
	case "captcha_failed":
		return failure(surfaceMediaStore, status, "CPT0002", "reCAPTCHA verification failed")
	case "empty":
		return answer{status: status, header: http.Header{}}
	case "html":
		return html(status, "429 Too Many Requests")
	default:
		return jsonAnswer(status, object{"message": "Too Many Requests"})
	}
}
