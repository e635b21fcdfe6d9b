"""The words of the page on input embeddings that do not depend on the reader's text."""

SUM = r"""
$$x_t = E_\text{token}[w_t] + E_\text{segment}[s_t] + E_\text{position}[t]$$

Three tables, each a matrix of learned numbers. $w_t$ is the token's number in the vocabulary, $s_t$ is 0 in sentence A
and 1 in sentence B, $t$ is the place in the text, 0 for `[CLS]`. Each table has rows of the same width $H$, so the rows can be
added number by number (Devlin et al. 2019, figure 2).

Why add, and not put the rows side by side? A sum keeps the width at $H$. The rows have room: in a space of hundreds of
dimensions most directions are nearly at right angles, and the layers learn to read the three apart again.
"""

NORM = r"""
$$y = \gamma \cdot \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta$$

$\mu$ and $\sigma^2$ are the mean and the variance of this token's own $H$ numbers; no other token has a part in it. The scale
$\gamma$ and the shift $\beta$ are learned, one number a dimension, the same for every token. $\epsilon$ is tiny and keeps the
root away from 0 (Ba et al. 2016). BERT does this here once, and after each of the two halves of every layer.
"""

PARTS = r"""
- **Share of the sum**: $p \cdot x / |x|^2$ for a part $p$ of the sum $x$. The three shares add up to 1. A part that points against the
  sum has a negative share.
- **Length**: $|p| = \sqrt{p_1^2 + \dots + p_H^2}$.
- **Cosine**: $p \cdot q / (|p|\,|q|)$. It is 1 for the same direction, 0 for a right angle, −1 for opposite directions.
"""

POSITIONS = r"""
The Transformer paper (Vaswani et al. 2017, section 3.5) gives no table to learn, but a formula:

$$\text{PE}(p, 2i) = \sin\frac{p}{10000^{2i/H}} \qquad \text{PE}(p, 2i+1) = \cos\frac{p}{10000^{2i/H}}$$

Fast waves in the first dimensions, slow ones in the last. The cosine of two rows depends only on how far apart they are. The
formula goes on for ever; a learned table ends, which is why this model reads {rows} tokens and no more.
"""

POSITIONS_INTRO = (
    "BERT **learned** its position rows in training, like every other weight. The Transformer of 2017 used a fixed formula "
    "of sines and cosines, **sinusoidal** positions. The two are often confused."
)

REMOVAL = (
    "The part is set to 0 and the model runs again, on this text, now. This is not how a model would do that was trained without "
    "the part: it has never met such input."
)
