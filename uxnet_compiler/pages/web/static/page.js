"use strict";
// What all scripts of a page share, and the switch between light and dark.
const uxnet = {};

uxnet.announce = (text) => {
  const place = document.getElementById("announcer");
  place.textContent = "";
  // A screen reader speaks of a change, and the same text twice is none.
  setTimeout(() => { place.textContent = text; }, 50);
};

// Make an element: `make("dd", {class: "number"}, "12")`. Text is only ever set as text.
uxnet.make = (name, attributes = {}, ...children) => {
  const isSvg = ["svg", "rect", "path", "line", "circle", "text", "g", "image"].includes(name);
  const made = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

// Let a part of a drawing have that colour on dark pages; null where it has none of its own.
uxnet.inDark = (element, name, colour) => {
  if (colour === null) delete element.dataset[name]; else element.dataset[name] = "";
  element.style.setProperty(`--dark-${name}`, colour);
};

// Tell of a change no more than once a frame.
uxnet.eachFrame = (act) => {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; act(); });
  };
};

uxnet.isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

{
  const button = document.querySelector(".theme-switch");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  show();
}
