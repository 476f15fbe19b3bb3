package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// The values of an endpoint and of a step.
// https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/serviceendpoint
// https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/sdkmessageprocessingstep
const (
	contractWebhook = 8
	authHeader      = 5
	formatJSON      = 2
	asynchronous    = 1
	afterOperation  = 40
	preImage        = 0
)

type endpointState struct {
	ID       string `json:"serviceendpointid"`
	URL      string `json:"url"`
	AuthType int    `json:"authtype"`
}

// lookEvents plans the service endpoint and its steps.
// https://learn.microsoft.com/power-apps/developer/data-platform/use-webhooks
func (r *run) lookEvents(ctx context.Context) error {
	e := r.d.Endpoint
	have, err := list[endpointState](ctx, r.w, where("serviceendpoints", "serviceendpointid,url,authtype", fmt.Sprintf("contract eq %d and name eq %s", contractWebhook, quoted(e.Name))))
	if err != nil {
		return err
	}
	item := &Item{Kind: "endpoint", Name: e.Name, Do: Leave, needs: []string{r.solutionItem()}}
	lacks := ""
	if r.URL == "" || r.Secret == "" {
		lacks = "where events go to, and their secret, are not known: set SYNC_PUBLIC_URL and DATAVERSE_WEBHOOK_SECRET"
	}
	secret := map[string]any{"url": r.URL, "authtype": authHeader, "authvalue": secretXML(r.Header, r.Secret)}
	switch {
	case len(have) == 0 && lacks != "":
		item.Do, item.Why, item.Mend = Open, "events go nowhere yet", lacks
		r.endpoint = e.ID()
	case len(have) == 0:
		r.endpoint = e.ID()
		item.Do, item.Why = Create, "events go to "+r.URL
		item.apply = func(ctx context.Context) error {
			body := map[string]any{"serviceendpointid": e.ID(), "name": e.Name, "contract": contractWebhook, "messageformat": formatJSON, "description": "Partner Center co-sell"}
			for name, v := range secret {
				body[name] = v
			}
			_, err := r.w.post(ctx, "serviceendpoints", body)
			return err
		}
	case !strings.EqualFold(have[0].ID, e.ID()) && !r.made(componentEndpoint, have[0].ID) && have[0].URL != r.URL && r.URL != "":
		r.endpoint, have = have[0].ID, nil
		item.Do, item.Why, item.Mend = Open, "an endpoint of its name sends events elsewhere, and "+notOurs(r.d), "rename or delete that endpoint, and run this again"
	case lacks != "":
		r.endpoint = have[0].ID
		item.Why = "it goes to " + have[0].URL + ", which is not compared: " + lacks
	default:
		r.endpoint = have[0].ID
		r.compareEndpoint(item, have[0], secret)
	}
	r.plan.add(item)
	return r.lookSteps(ctx, item, len(have) > 0)
}

func (r *run) compareEndpoint(item *Item, have endpointState, secret map[string]any) {
	switch {
	case have.URL != r.URL:
		item.Do, item.Why = Change, "it goes to "+have.URL+", and events shall go to "+r.URL
	case have.AuthType != authHeader:
		item.Do, item.Why = Change, "its secret does not come in a header"
	case r.Rotate:
		item.Do, item.Why = Change, "the secret is written anew"
	}
	item.apply = func(ctx context.Context) error { return r.w.patch(ctx, "serviceendpoints("+have.ID+")", secret) }
}

// secretXML is the secret as an endpoint with a header keeps it.
func secretXML(header, secret string) string {
	return `<settings><setting name="` + dataverse.Escape(header) + `" value="` + dataverse.Escape(secret) + `" /></settings>`
}

type stepState struct {
	ID      string `json:"sdkmessageprocessingstepid"`
	Name    string `json:"name"`
	Filter  string `json:"filteringattributes"`
	Mode    int    `json:"mode"`
	Stage   int    `json:"stage"`
	State   int    `json:"statecode"`
	Message struct {
		Name string `json:"name"`
	} `json:"sdkmessageid"`
	Of struct {
		Table string `json:"primaryobjecttypecode"`
	} `json:"sdkmessagefilterid"`
}

type imageState struct {
	ID         string `json:"sdkmessageprocessingstepimageid"`
	Attributes string `json:"attributes"`
	Step       string `json:"_sdkmessageprocessingstepid_value"`
}

func stepsOf(endpoint string) string {
	return where("sdkmessageprocessingsteps", "sdkmessageprocessingstepid,name,filteringattributes,mode,stage,statecode", "_eventhandler_value eq "+endpoint) +
		"&$expand=sdkmessageid($select=name),sdkmessagefilterid($select=primaryobjecttypecode)"
}

// lookSteps plans the event steps and the images that some send along.
func (r *run) lookSteps(ctx context.Context, endpoint *Item, there bool) error {
	var steps []stepState
	var images []imageState
	if there {
		var err error
		if steps, err = list[stepState](ctx, r.w, stepsOf(r.endpoint)); err != nil {
			return err
		}
		if images, err = r.readImages(ctx, steps); err != nil {
			return err
		}
	}
	messages, err := r.readMessages(ctx)
	if err != nil {
		return err
	}
	for _, s := range r.d.Steps {
		i := slices.IndexFunc(steps, func(h stepState) bool { return h.Message.Name == s.Message && h.Of.Table == s.Table })
		if i < 0 {
			r.createStep(s, endpoint, messages)
			continue
		}
		r.changeStep(s, steps[i])
		r.image(s, steps[i].ID, images)
	}
	return nil
}

func (r *run) readImages(ctx context.Context, steps []stepState) (all []imageState, err error) {
	for part := range slices.Chunk(steps, several) {
		filter := make([]string, len(part))
		for i, s := range part {
			filter[i] = "_sdkmessageprocessingstepid_value eq " + s.ID
		}
		some, err := list[imageState](ctx, r.w, where("sdkmessageprocessingstepimages", "sdkmessageprocessingstepimageid,attributes,_sdkmessageprocessingstepid_value", "imagetype eq 0 and ("+strings.Join(filter, " or ")+")"))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// readMessages finds the ids of the messages by their names.
func (r *run) readMessages(ctx context.Context) (map[string]string, error) {
	var filter []string
	for _, s := range r.d.Steps {
		if one := "name eq " + quoted(s.Message); !slices.Contains(filter, one) {
			filter = append(filter, one)
		}
	}
	found, err := list[struct {
		ID   string `json:"sdkmessageid"`
		Name string `json:"name"`
	}](ctx, r.w, where("sdkmessages", "sdkmessageid,name", strings.Join(filter, " or ")))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, m := range found {
		out[m.Name] = m.ID
	}
	return out, nil
}

func (r *run) createStep(s dataverse.Step, endpoint *Item, messages map[string]string) {
	item := &Item{Kind: "step", Name: s.Message + " of " + s.Table, Do: Create, Why: heard(s), needs: []string{endpoint.id()}}
	if t, ok := r.d.Table(s.Table); ok && !t.Standard {
		item.needs = append(item.needs, "table "+s.Table)
	}
	for _, c := range append(slices.Clone(s.Filter), s.PreImage...) {
		item.needs = append(item.needs, "column "+s.Table+"/"+c)
	}
	item.apply = func(ctx context.Context) error {
		filter, err := r.filterOf(ctx, messages[s.Message], s.Table)
		if err != nil {
			return err
		}
		body := map[string]any{"sdkmessageprocessingstepid": s.ID(), "name": s.Name(r.d.Endpoint), "description": "Tells cosell-sync: " + heard(s), "mode": asynchronous, "stage": afterOperation,
			"rank": 1, "supporteddeployment": 0, "asyncautodelete": true, "sdkmessageid@odata.bind": "/sdkmessages(" + messages[s.Message] + ")",
			"sdkmessagefilterid@odata.bind": "/sdkmessagefilters(" + filter + ")", "eventhandler_serviceendpoint@odata.bind": "/serviceendpoints(" + r.endpoint + ")"}
		if len(s.Filter) > 0 {
			body["filteringattributes"] = strings.Join(s.Filter, ",")
		}
		_, err = r.w.post(ctx, "sdkmessageprocessingsteps", body)
		return err
	}
	if messages[s.Message] == "" {
		item.Do, item.Why, item.apply = Leave, "the environment has no message "+s.Message, nil
	}
	r.plan.add(item)
	if len(s.PreImage) > 0 && item.Do == Create {
		r.image(s, s.ID(), nil)
	}
}

func heard(s dataverse.Step) string {
	if len(s.Filter) == 0 {
		return s.Message + " of " + s.Table
	}
	return fmt.Sprintf("%s of %s, by %d columns", s.Message, s.Table, len(s.Filter))
}

// filterOf finds what makes a step one of a table.
func (r *run) filterOf(ctx context.Context, message, table string) (string, error) {
	found, err := list[struct {
		ID string `json:"sdkmessagefilterid"`
	}](ctx, r.w, where("sdkmessagefilters", "sdkmessagefilterid", "primaryobjecttypecode eq "+quoted(table)+" and _sdkmessageid_value eq "+message))
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", &kept{"the environment raises no such event for the table " + table, "nothing to do where the table was made just now: run this again; else reconcile finds such changes"}
	}
	return found[0].ID, nil
}

// changeStep plans what a step that is there lacks. It is never made to hear less: the app adds the columns of a
// pushed field sheet by itself.
func (r *run) changeStep(s dataverse.Step, have stepState) {
	item := &Item{Kind: "step", Name: s.Message + " of " + s.Table, Do: Leave}
	body := map[string]any{}
	var why []string
	if add := unheard(s, have.Filter); len(add) > 0 {
		body["filteringattributes"] = strings.Join(append(strings.Split(have.Filter, ","), add...), ",")
		why = append(why, "it does not listen to "+strings.Join(add, ", "))
		for _, c := range add {
			item.needs = append(item.needs, "column "+s.Table+"/"+c)
		}
	}
	if have.Mode != asynchronous || have.Stage != afterOperation {
		body["mode"], body["stage"] = asynchronous, afterOperation
		why = append(why, "people wait for it")
	}
	if name := s.Name(r.d.Endpoint); have.Name != name {
		body["name"] = name
		why = append(why, "it is called "+have.Name)
	}
	if have.State != 0 {
		body["statecode"], body["statuscode"] = 0, 1
		why = append(why, "it is switched off")
	}
	if len(why) > 0 {
		item.Do, item.Why = Change, strings.Join(why, "; ")
		item.apply = func(ctx context.Context) error { return r.w.patch(ctx, "sdkmessageprocessingsteps("+have.ID+")", body) }
	}
	r.plan.add(item)
}

// unheard are the columns that a step should listen to and does not; an empty filter hears everything.
func unheard(s dataverse.Step, filter string) (out []string) {
	if filter == "" {
		return nil
	}
	have := strings.Split(filter, ",")
	for _, c := range s.Filter {
		if !slices.Contains(have, c) {
			out = append(out, c)
		}
	}
	return out
}

// image plans the pre-image of a step: what a row held before.
// https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/sdkmessageprocessingstepimage
func (r *run) image(s dataverse.Step, step string, images []imageState) {
	if len(s.PreImage) == 0 {
		return
	}
	item := &Item{Kind: "image", Name: s.Message + " of " + s.Table, Do: Leave, needs: []string{"step " + s.Message + " of " + s.Table}}
	i := slices.IndexFunc(images, func(h imageState) bool { return h.Step == step })
	switch {
	case i < 0:
		item.Do, item.Why = Create, "sends along what "+strings.Join(s.PreImage, ", ")+" held before"
		item.apply = func(ctx context.Context) error {
			_, err := r.w.post(ctx, "sdkmessageprocessingstepimages", map[string]any{"sdkmessageprocessingstepimageid": s.ImageID(), "name": "pre", "entityalias": "pre", "imagetype": preImage,
				"messagepropertyname": "Target", "attributes": strings.Join(s.PreImage, ","), "sdkmessageprocessingstepid@odata.bind": "/sdkmessageprocessingsteps(" + step + ")"})
			return err
		}
	case images[i].Attributes != "" && !holds(images[i].Attributes, s.PreImage):
		item.Do, item.Why = Change, "it holds "+images[i].Attributes
		item.apply = func(ctx context.Context) error {
			return r.w.patch(ctx, "sdkmessageprocessingstepimages("+images[i].ID+")", map[string]any{"attributes": joined(images[i].Attributes, s.PreImage)})
		}
	}
	r.plan.add(item)
}

// joined is what is there, with what is missing of the wanted ones behind.
func joined(have string, wanted []string) string {
	all := strings.Split(have, ",")
	for _, c := range wanted {
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return strings.Join(all, ",")
}

func holds(have string, wanted []string) bool {
	all := strings.Split(have, ",")
	return !slices.ContainsFunc(wanted, func(c string) bool { return !slices.Contains(all, c) })
}
