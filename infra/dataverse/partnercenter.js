// The rule of the form: whoever asks Microsoft for help shows the deal to Microsoft's sellers, and sees so before saving.
var CosellSync = window.CosellSync || {};
window.CosellSync = CosellSync;

CosellSync.helpChosen = function (context) {
  "use strict";
  var form = context.getFormContext();
  var help = form.getAttribute("cosell_help");
  var visible = form.getAttribute("cosell_visible");
  if (!help || !visible || help.getValue() === null || visible.getValue() === true) {
    return;
  }
  visible.setValue(true);
  visible.fireOnChange();
};
