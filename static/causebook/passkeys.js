// Shows that a passkey could not be created or used; the library only logs it.
"use strict";
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const sentence = document.querySelector(".js-passkey-error");
  if (sentence) sentence.hidden = false;
});
