"""Which targets of a page are too small to be hit (WCAG 2.2, 2.5.8 Target Size, Minimum)."""

# A target of less than 24 by 24 CSS pixels is allowed in a sentence, and where no other is near: a circle of 24 pixels
# around its middle touches no other target, and no such circle of another small one. A label is part of its tick box.
SMALL_TARGETS = """() => {
    const LEAST = 24;
    const shown = (element) => element.checkVisibility({ visibilityProperty: true })
        && !element.closest(".visually-hidden, .skip");
    const selector = "a[href], button, input:not([type=hidden]), select, textarea, summary";
    const controls = [...document.querySelectorAll(selector)].filter(shown);
    const target = (element) =>
        ["checkbox", "radio"].includes(element.type) && element.labels.length ? element.labels[0] : element;
    const boxes = controls.map((element) => target(element).getBoundingClientRect());
    const isSmall = ({ width, height }) => Math.min(width, height) < LEAST - 0.5;
    const middle = ({ left, top, width, height }) => [left + width / 2, top + height / 2];
    const isInSentence = (element) => {
        if (getComputedStyle(element).display !== "inline") return false;
        const words = element.closest("p, li, dd, td, th, label, div").textContent.trim();
        return words.length > element.textContent.trim().length + 2;
    };
    const isNear = (box, other) => {
        const [x, y] = middle(box);
        const [otherX, otherY] = middle(other);
        const across = Math.max(other.left - x, 0, x - other.right);
        const down = Math.max(other.top - y, 0, y - other.bottom);
        return Math.hypot(across, down) < LEAST / 2
            || (isSmall(other) && Math.hypot(otherX - x, otherY - y) < LEAST);
    };
    return controls
        .filter((element, index) => isSmall(boxes[index]) && !isInSentence(element)
            && controls.some((other, at) => !element.contains(other) && !other.contains(element)
                && isNear(boxes[index], boxes[at])))
        .map((element) => element.outerHTML.slice(0, 120));
}"""
