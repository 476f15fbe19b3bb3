package dataversesim

import (
	"net/url"
	"slices"
	"strings"
)

// checkEndpoint checks a service endpoint that is made or changed.
func checkEndpoint(v map[string]any) error {
	if v["contract"] != int64(8) {
		return nil
	}
	text, _ := v["url"].(string)
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" {
		return fail(400, codeInvalidArgument, "The url '%s' of a webhook must be an absolute https address.", clip(text, 200))
	}
	if kindOf, _ := v["authtype"].(int64); kindOf < 4 || kindOf > 6 {
		return fail(400, codeInvalidArgument, "The authtype %d does not fit a webhook: use 4, 5 or 6.", kindOf)
	}
	return nil
}

// checkStep checks an event step: its message and filter belong together, asynchronous ones run after the operation,
// and the filtering attributes are columns of the table.
// https://learn.microsoft.com/power-apps/developer/data-platform/register-plug-in
func (s *Simulator) checkStep(v map[string]any) error {
	message, tab, err := s.stepSubject(v)
	if err != nil {
		return err
	}
	if v["mode"] == int64(1) && v["stage"] != int64(40) {
		return fail(400, codeInvalidArgument, "An asynchronous step can be registered at the stage 40 only, not at %v.", v["stage"])
	}
	filter, _ := v["filteringattributes"].(string)
	if filter == "" {
		return nil
	}
	if message != "Update" && message != "UpdateMultiple" {
		return fail(400, codeInvalidArgument, "Filtering attributes are for Update only, not for %s.", message)
	}
	return namesExist(tab, filter, "filtering attribute")
}

// stepSubject is the message of a step and its table; nil for all tables.
func (s *Simulator) stepSubject(v map[string]any) (string, *table, error) {
	to, _ := v["sdkmessageid"].(ref)
	message := s.db.get("sdkmessage", to.id)
	if message == nil {
		return "", nil, fail(400, codeInvalidArgument, "A step needs a message.")
	}
	of, given := v["sdkmessagefilterid"].(ref)
	if !given {
		return message.text("name"), nil, nil
	}
	filter := s.db.get("sdkmessagefilter", of.id)
	if filter == nil || filter.ref("sdkmessageid").id != message.id {
		return "", nil, fail(400, codeInvalidArgument, "The filter %s does not belong to the message %s.", of.id, message.text("name"))
	}
	return message.text("name"), s.schema.tables[filter.text("primaryobjecttypecode")], nil
}

// namesExist checks a list of columns parted by commas without blanks.
func namesExist(tab *table, text, what string) error {
	for _, name := range strings.Split(text, ",") {
		if tab == nil || tab.columns[name] == nil {
			of := "no entity"
			if tab != nil {
				of = "entity " + tab.name
			}
			return fail(400, codeNoFetchColumn, "The %s '%s' is no attribute of %s.", what, clip(name, 100), of)
		}
	}
	return nil
}

// checkImage checks an image of a step against its message.
// https://learn.microsoft.com/power-apps/developer/data-platform/understand-the-data-context#entity-images
func (s *Simulator) checkImage(v map[string]any) error {
	to, _ := v["sdkmessageprocessingstepid"].(ref)
	step := s.db.get(stepTable, to.id)
	if step == nil {
		return fail(400, codeInvalidArgument, "An image needs a step.")
	}
	message, tab, err := s.stepSubject(step.v)
	if err != nil {
		return err
	}
	kindOf, _ := v["imagetype"].(int64)
	property, _ := v["messagepropertyname"].(string)
	allowed := map[string][]string{"Create": {"Target", "Id"}, "Update": {"Target"}, "Delete": {"Target"}, "Assign": {"Target"}, "Merge": {"Target", "SubordinateId"}, "SetState": {"EntityMoniker"}}[message]
	switch {
	case allowed == nil:
		return fail(400, codeNoImage, "Message %s does not support this image type.", message)
	case !slices.Contains(allowed, property):
		return fail(400, codeNoImage, "The message property name '%s' is not valid for message %s.", clip(property, 60), message)
	case message == "Create" && kindOf != 1, message == "Delete" && kindOf != 0:
		return fail(400, codeNoImage, "Message %s does not support this image type.", message)
	}
	if text, _ := v["attributes"].(string); text != "" {
		return namesExist(tab, text, "image attribute")
	}
	return nil
}

// checkProcess checks a business rule or flow. An active rule stays as it is until it is a draft again.
// https://learn.microsoft.com/power-automate/manage-flows-with-code
func (s *Simulator) checkProcess(old *row, v map[string]any, changed []string) error {
	category, _ := v["category"].(int64)
	if old == nil && category == 2 && s.sw.text("setupRules") == "refused" {
		return fail(400, codeForeignProcess, "This workflow cannot be created, updated or published because it was created outside the Microsoft Dynamics 365 Web application. Your organization does not allow this type of workflow.")
	}
	if entity, _ := v["primaryentity"].(string); category == 2 && s.schema.tables[entity] == nil {
		return fail(400, codeNoFetchTable, "The entity with a name = '%s' was not found in the MetadataCache.", clip(entity, 100))
	}
	isState := func(name string) bool { return name == "statecode" || name == "statuscode" }
	if old != nil && category == 2 && old.number("statecode") == 1 && slices.ContainsFunc(changed, func(name string) bool { return !isState(name) }) {
		return fail(400, codeActiveProcess, "Cannot update a published workflow definition.")
	}
	if v["statecode"] == int64(1) && v["clientdata"] == nil && v["xaml"] == nil && (old == nil || old.number("statecode") != 1) {
		return fail(400, codeInvalidArgument, "The process '%v' has no definition and cannot be activated.", v["name"])
	}
	return nil
}
